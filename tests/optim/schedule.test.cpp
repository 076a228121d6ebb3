#include <oldphoto/optim/schedule.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

TEST_CASE("linear decay is flat, then falls in a straight line", "[optim][forward]") {
    CHECK(linear_decay(0, 100, 100) == 1);
    CHECK(linear_decay(100, 100, 100) == 1);
    // The published loop lowers the rate by a hundredth after epoch number 101 (from 1), and ends
    // with epoch number 200.
    CHECK(linear_decay(101, 100, 100) == Approx(0.99));
    CHECK(linear_decay(150, 100, 100) == Approx(0.5));
    CHECK(linear_decay(199, 100, 100) == Approx(0.01));
    CHECK(linear_decay(200, 100, 100) == 0);
    CHECK(linear_decay(1000, 100, 100) == 0);
    CHECK(linear_decay(1, 0, 4) == 0.75);
    CHECK(linear_decay(3, 3, 0) == 1);
    CHECK(linear_decay(4, 3, 0) == 0);
}

TEST_CASE("cosine falls along half a wave to its floor", "[optim][forward]") {
    CHECK(cosine(0, 8) == 1);
    CHECK(cosine(2, 8) == Approx(0.8535533905932737));  // (1 + sqrt(1/2)) / 2
    CHECK(cosine(4, 8) == Approx(0.5));
    CHECK(cosine(8, 8) == 0);
    CHECK(cosine(9, 8) == 0);
    CHECK(cosine(4, 8, 0.2) == Approx(0.6));
    CHECK(cosine(8, 8, 0.2) == 0.2);
    CHECK(cosine(3, 8, 1) == 1);
}

TEST_CASE("cosine rises in a straight line before it falls", "[optim][forward]") {
    CHECK(cosine(0, 10, 0, 4) == Approx(0.2));
    CHECK(cosine(3, 10, 0, 4) == Approx(0.8));
    CHECK(cosine(4, 10, 0, 4) == 1);
    CHECK(cosine(7, 10, 0, 4) == Approx(0.5));
    CHECK(cosine(10, 10, 0, 4) == 0);
}

TEST_CASE("schedules refuse arguments outside their range", "[optim][errors]") {
    CHECK_THROWS_WITH(linear_decay(-1, 1, 1), "linear_decay: step must not be negative, got -1");
    CHECK_THROWS_WITH(linear_decay(1, -2, 1),
                      "linear_decay: constant_steps must not be negative, got -2");
    CHECK_THROWS_WITH(linear_decay(1, 1, -3),
                      "linear_decay: decay_steps must not be negative, got -3");
    CHECK_THROWS_WITH(cosine(-1, 1), "cosine: step must not be negative, got -1");
    CHECK_THROWS_WITH(cosine(0, 1, 0, -1), "cosine: warmup_steps must not be negative, got -1");
    CHECK_THROWS_WITH(cosine(0, 4, 0, 4), "cosine: total_steps must exceed warmup_steps, got 4");
    CHECK_THROWS_WITH(cosine(0, 4, 1.5), "cosine: floor must lie in [0, 1], got 1.500000");
    CHECK_THROWS_AS(cosine(0, 0), OptionError);
}

#include <oldphoto/ops/norm.hpp>
#include <oldphoto/ops/reduce.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

using Values = std::vector<double>;

}  // namespace

TEST_CASE("copies of a variable share value and gradient", "[autograd][variable]") {
    const Variable<double, 1> x(Tensor<double, 1>::from_values({2}, {1, 2}), true);
    const auto same = x;
    x.value()(0) = 7;
    CHECK(same.value().to_values() == Values{7, 2});
    CHECK(same.gradient().empty());

    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(square(x));
    }
    program.backward(loss, ParameterList<double>{x});
    CHECK(same.gradient().to_values() == Values{14, 4});
}

TEST_CASE("a default variable is empty", "[autograd][variable]") {
    const Variable<double, 2> nothing;
    CHECK(nothing.empty());
    CHECK_FALSE((Variable<double, 2>(Tensor<double, 2>::zeros({0, 1})).empty()));
}

TEST_CASE("the value of a variable is dense", "[autograd][variable]") {
    const auto turned = Tensor<double, 2>::from_values({2, 2}, {1, 2, 3, 4}).transpose(0, 1);
    const Variable<double, 2> x(turned);
    CHECK(x.value().contiguous());
    CHECK(x.value().to_values() == Values{1, 3, 2, 4});
    const auto dense = Tensor<double, 1>::ones({3});
    CHECK(Variable<double, 1>(dense).value().data() == dense.data());
}

TEST_CASE("without a recording expressions are values and nothing more", "[autograd][variable]") {
    const auto x = random_variable(Shape<1>{3}, 1);
    const Variable<double, 1> y = 2 * x;
    CHECK_FALSE(y.requires_grad());
    CHECK(y.value()[1] == 2 * x.value()[1]);
}

TEST_CASE("a result requires a gradient as soon as one of its operands does",
          "[autograd][variable]") {
    const auto x = random_variable(Shape<1>{3}, 2);
    const Variable<double, 1> constant(x.value());
    Program program;
    const auto recording = program.record();
    CHECK((Variable<double, 1>(x + constant)).requires_grad());
    CHECK_FALSE((Variable<double, 1>(constant + constant)).requires_grad());
}

TEST_CASE("a detached variable has the value and passes no gradient", "[autograd][variable]") {
    const Variable<double, 1> x(Tensor<double, 1>::from_values({2}, {3, 4}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        const auto constant = x.detach();
        CHECK(constant.value().data() == x.value().data());
        CHECK_FALSE(constant.requires_grad());
        loss = sum(x * constant);
    }
    program.backward(loss, ParameterList<double>{x});
    CHECK(x.gradient().to_values() == Values{3, 4});
}

TEST_CASE("a variable of any rank can be read and written row by row", "[autograd][variable]") {
    const Variable<double, 2> x(Tensor<double, 2>::from_values({2, 2}, {1, 2, 3, 4}), true);
    const AnyVariable<double> any = x;
    CHECK(any.dims() == std::vector<Index>{2, 2});
    CHECK(any.size() == 4);
    CHECK(any.requires_grad());
    CHECK(any.gradient().empty());
    any.value()(3) = 40;
    CHECK(x.value()(1, 1) == 40);

    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(square(x));
    }
    program.backward(loss, ParameterList<double>{any});
    CHECK(any.gradient().to_values() == Values{2, 4, 6, 80});
}

TEST_CASE("what is pending on a picture is applied once", "[autograd][variable]") {
    const auto x = random_variable(Shape<4>{1, 2, 3, 3}, 3);
    const Variable<double, 1> none(Tensor<double, 1>::zeros({0}));
    const auto y = instance_norm(x, none, none);
    CHECK_FALSE(y.deferred().plain());
    const auto* first = y.value().data();
    CHECK(y.deferred().plain());
    CHECK(y.value().data() == first);
    CHECK(first != x.value().data());
}

TEST_CASE("a variable of rank 0 is its number", "[autograd][variable]") {
    const Variable<float, 0> x(Tensor<float, 0>::full({}, 2.5F));
    CHECK(x.item() == 2.5F);
    CHECK(x.size() == 1);
    const Variable<float, 1> two(Tensor<float, 1>::ones({2}));
    CHECK_THROWS_WITH(two.item(), "item: expected exactly one element\n  shape = (2)");
}

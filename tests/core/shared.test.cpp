#include <oldphoto/core/shared.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using oldphoto::Shared;

namespace {

/// Counts how many of its kind were ended.
struct Counted {
    explicit Counted(std::atomic<int>& count) : ended(count) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    virtual ~Counted() { ++ended; }

    std::atomic<int>& ended;
    int part = 7;
};
struct Derived final : Counted {
    using Counted::Counted;
};

}  // namespace

TEST_CASE("the last owner ends the object", "[core][shared]") {
    std::atomic<int> ended = 0;
    {
        Shared<Counted> last;
        {
            const Shared<Counted> first(new Counted(ended));
            last = first;
            CHECK(last == first);
            CHECK_FALSE(last == Shared<Counted>());
        }
        CHECK(ended == 0);
        CHECK(last->part == 7);
    }
    CHECK(ended == 1);
}

TEST_CASE("an empty one owns nothing, nor do its copies", "[core][shared]") {
    std::atomic<int> ended = 0;
    const Shared<Derived> none;
    const Shared<Derived> copy = none;
    const Shared<const Counted> base = copy;
    const Shared<int> part(none, nullptr);
    CHECK_FALSE(none);
    CHECK(copy.get() == nullptr);
    CHECK(base == none);
    CHECK_FALSE(part);
    Shared<Derived> object(new Derived(ended));
    object = none;
    CHECK_FALSE(object);
    CHECK(ended == 1);
}

TEST_CASE("what was moved from is empty and owns nothing", "[core][shared]") {
    std::atomic<int> ended = 0;
    Shared<Counted> a(new Counted(ended));
    Shared<Counted> b = std::move(a);
    CHECK(a.get() == nullptr);  // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(a);
    CHECK(b);
    a = std::move(b);
    CHECK_FALSE(b);  // NOLINT(bugprone-use-after-move)
    CHECK(ended == 0);
    a = Shared<Counted>();
    CHECK(ended == 1);
}

TEST_CASE("an owner assigned to itself stays", "[core][shared]") {
    std::atomic<int> ended = 0;
    Shared<Counted> a(new Counted(ended));
    auto& same = a;
    a = same;
    a = std::move(same);
    CHECK(ended == 0);
    CHECK(a->part == 7);
    a = Shared<Counted>();
    CHECK(ended == 1);
}

TEST_CASE("a pointer to a part owns the whole", "[core][shared]") {
    std::atomic<int> ended = 0;
    Shared<int> part;
    {
        const Shared<Counted> whole(new Counted(ended));
        part = Shared<int>(whole, &whole->part);
    }
    CHECK(ended == 0);
    CHECK(*part == 7);
    part = Shared<int>();
    CHECK(ended == 1);
}

TEST_CASE("a pointer to a base owns what is derived from it", "[core][shared]") {
    std::atomic<int> ended = 0;
    {
        const Shared<const Counted> base = Shared<Derived>(new Derived(ended));
        CHECK(base->part == 7);
        CHECK(ended == 0);
    }
    CHECK(ended == 1);
    static_assert(!std::is_convertible_v<Shared<Counted>, Shared<Derived>>);
    static_assert(!std::is_constructible_v<Shared<Derived>, Counted*>);
    static_assert(!std::is_convertible_v<Shared<const int>, Shared<int>>);
}

TEST_CASE("an object is deleted as what it was made as", "[core][shared]") {
    // The base has no virtual destructor.
    struct Plain {};
    struct Holder : Plain {
        explicit Holder(std::atomic<int>& count) : counted(count) {}
        Counted counted;
    };
    std::atomic<int> ended = 0;
    { const Shared<Plain> owner(new Holder(ended)); }
    CHECK(ended == 1);
}

TEST_CASE("an object is ended in the way that was asked for", "[core][shared]") {
    int number = 1;
    {
        const Shared<int> owner(&number, [](void* p) { *static_cast<int*>(p) = 2; });
        CHECK(*owner == 1);
    }
    CHECK(number == 2);
}

TEST_CASE("several threads copy and drop owners of one object", "[core][shared]") {
    std::atomic<int> ended = 0;
    {
        const Shared<Counted> object(new Counted(ended));
        std::vector<std::thread> threads;
        for (int k = 0; k < 4; ++k) {
            threads.emplace_back([object] {
                for (int i = 0; i < 10000; ++i) {
                    Shared<Counted> copy = object;
                    const Shared<Counted> moved = std::move(copy);
                }
            });
        }
        for (auto& thread : threads) thread.join();
        CHECK(ended == 0);
    }
    CHECK(ended == 1);
}

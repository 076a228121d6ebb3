#include <oldphoto/backend/cuda/host.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <tuple>
#include <type_traits>
#include <vector>

// The code of the CUDA backend, compared with Cpu. A C++ compiler runs it on thrust's host system;
// nvcc compiles it for a device too, and the tests run there where there is one.

#if defined(__CUDACC__)
#include <thrust/system/cuda/execution_policy.h>
#endif

using namespace oldphoto;

namespace oldphoto::test {

/// The last word of each draw, which every type holds exactly.
struct LastWord {
    OLDPHOTO_HD double operator()(const PhiloxWords& words) const { return words.word[3]; }
};

/// What an element is counted with.
struct IndexBytesPlan {
    using value_type = float;
    static constexpr std::size_t leaves = 1;

    template <class I>
    OLDPHOTO_HD float at(I) const {
        return sizeof(I);
    }
    [[nodiscard]] IndexBytesPlan run(Index, Index) const { return *this; }
};

/// A functor that no device could take.
struct OwningFn {
    std::shared_ptr<float> number;
};

}  // namespace oldphoto::test

namespace {

#if defined(__CUDACC__)
/// A device whose memory the host can read.
struct ManagedCuda : HostMemory {
    static bool available() {
        int count = 0;
        return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
    }
    template <class T>
    static Shared<T> allocate(Index n) {
        void* memory = nullptr;
        if (cudaMallocManaged(&memory, sizeof(T) * static_cast<std::size_t>(n)) != cudaSuccess) {
            throw std::bad_alloc();
        }
        return Shared<T>(static_cast<T*>(memory), [](void* p) { cudaFree(p); });
    }
    template <class T, std::size_t R, Plan P>
    static void assign(const View<T, R>& destination, const P& plan) {
        launch::assign(thrust::cuda::par, destination, plan);
    }
};
using TestedBackends = std::tuple<ThrustHost, ManagedCuda>;
#else
using TestedBackends = std::tuple<ThrustHost>;
#endif

/// Whether B can run here; says so where it cannot.
template <class B>
bool can_run() {
    if constexpr (requires { B::available(); }) {
        if (!B::available()) {
            WARN("no CUDA device: skipped");
            return false;
        }
    }
    return true;
}

/// Operands with the same values on every backend.
template <class T, class B>
struct Operands {
    Tensor<T, 4, B> x;            ///< multiples of 1/4 in [-3, 3), zero among them
    Tensor<T, 4, B> y;            ///< likewise; equal to x in places
    Tensor<T, 4, B> positive;     ///< [0.1, 4)
    Tensor<T, 4, B> per_channel;  ///< (1, C, 1, 1)
    Tensor<T, 4, B> row;          ///< (1, 1, 1, W)
};

template <class T, class B>
Operands<T, B> operands() {
    Rng rng(3);
    const auto on_backend = [](const Tensor<T, 4>& values) {
        return Tensor<T, 4, B>::from_values(values.shape(), values.to_values());
    };
    const auto quarters = [&] {
        auto x = uniform<T, 4>({2, 3, 5, 7}, rng, T(-12), T(12));
        for (Index i = 0; i < x.size(); ++i) x[i] = std::floor(x[i]) / 4;
        return on_backend(x);
    };
    return {quarters(), quarters(), on_backend(uniform<T, 4>({2, 3, 5, 7}, rng, T(0.1), T(4))),
            on_backend(normal<T, 4>({1, 3, 1, 1}, rng)),
            on_backend(normal<T, 4>({1, 1, 1, 7}, rng))};
}

/// The largest difference in units of the last place; what is below 1 is measured by those of 1.
template <class T>
double ulps_apart(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double unit =
            std::numeric_limits<T>::epsilon() * std::max(1.0, std::abs(double(b[i])));
        const double apart = std::abs(double(a[i]) - double(b[i])) / unit;
        worst = apart <= worst ? worst : apart;  // in this order a NaN counts
    }
    return worst;
}

template <class T>
void check_equal(const Shape<4>& shape, const std::vector<T>& actual,
                 const Shape<4>& expected_shape, const std::vector<T>& expected) {
    CHECK(shape == expected_shape);
    CHECK(ulps_apart(actual, expected) <= 4);
}

/// Checks that `compute`, given Operands, returns the same tensor on B and on Cpu.
template <class B, class T = float, class Compute>
void check_same(const Compute& compute) {
    const auto expected = compute(operands<T, Cpu>());
    const auto actual = compute(operands<T, B>());
    check_equal(actual.shape(), actual.to_values(), expected.shape(), expected.to_values());
}

template <class T, std::size_t R, class B, Plan P>
Tensor<T, R, B> computed(const Tensor<T, R, B>& like, const P& plan) {
    auto result = Tensor<T, R, B>::uninitialized(like.shape());
    B::assign(result.view(), plan);
    return result;
}

/// Value and derivative of a functor of one operand.
template <class B, class Fn, class Pick>
void check_map(Fn fn, Pick operand) {
    INFO(Fn::name);
    check_same<B>([&](const auto& on) { return evaluate(map(fn, operand(on))); });
    check_same<B>([&](const auto& on) {
        const auto x = operand(on);
        const auto plan = map(fn, x).plan(x.shape());
        return computed(x, TangentPlan<0, std::remove_const_t<decltype(plan)>>{plan});
    });
}

/// Value and both derivatives of a functor of two operands.
template <class B, class Fn>
void check_zip(Fn fn) {
    INFO(Fn::name);
    check_same<B>([&](const auto& on) { return evaluate(zip(fn, on.x, on.y)); });
    const auto check_partial = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        check_same<B>([&](const auto& on) {
            const auto plan = zip(fn, on.x, on.positive).plan(on.x.shape());
            return computed(on.x, TangentPlan<I, std::remove_const_t<decltype(plan)>>{plan});
        });
    };
    check_partial(std::integral_constant<std::size_t, 0>{});
    check_partial(std::integral_constant<std::size_t, 1>{});
}

template <class B>
void check_functors() {
    const auto any = [](const auto& on) { return on.x; };
    const auto positive = [](const auto& on) { return on.positive; };
    check_map<B>(fn::NegateFn{}, any);
    check_map<B>(fn::SquareFn{}, any);
    check_map<B>(fn::SqrtFn{}, positive);
    check_map<B>(fn::SignFn{}, any);
    check_map<B>(fn::AbsFn{}, any);
    check_map<B>(fn::ExpFn{}, any);
    check_map<B>(fn::LogFn{}, positive);
    check_map<B>(fn::TanhFn{}, any);
    check_map<B>(fn::SigmoidFn{}, any);
    check_map<B>(fn::ReluFn{}, any);
    check_map<B>(fn::LeakyReluFn{}, any);
    check_map<B>(fn::ClampFn{-1, 1}, any);
    check_zip<B>(fn::AddFn{});
    check_zip<B>(fn::SubtractFn{});
    check_zip<B>(fn::MultiplyFn{});
    check_zip<B>(fn::MaximumFn{});
    check_zip<B>(fn::MinimumFn{});
    check_same<B>([](const auto& on) { return evaluate(on.x / on.positive); });
}

using Leaf = LeafPlan<float, 4>;
using Scaled = ZipPlan<fn::MultiplyFn, Leaf, ConstantPlan<float>>;
static_assert(Plan<Leaf>);
static_assert(Plan<LeafPlan<double, 0>>);
static_assert(Plan<ConstantPlan<float>>);
static_assert(Plan<Scaled>);
static_assert(Plan<MapPlan<fn::LeakyReluFn, Scaled>>);
static_assert(Plan<OpaquePlan<Scaled>>);
static_assert(Plan<TangentPlan<1, Scaled>>);
static_assert(Plan<RandomPlan<float, detail::NormalDraw<float>>>);
static_assert(!Plan<MapPlan<test::OwningFn, Leaf>>);
static_assert(!Plan<Tensor<float, 4>>);
static_assert(sizeof(MapPlan<fn::TanhFn, Leaf>) == sizeof(Leaf), "an empty functor takes no room");

}  // namespace

TEMPLATE_LIST_TEST_CASE("thrust computes the numbers worked by hand", "[backend][thrust]",
                        TestedBackends) {
    if (!can_run<TestType>()) return;
    using X = Tensor<float, 2, TestType>;
    const auto x = X::from_values({2, 2}, {1, 2, 3, 4});
    const auto per_column = X::from_values({1, 2}, {10, 100});
    const X y = relu(x * per_column - 50);
    CHECK(y.to_values() == std::vector<float>{0, 150, 0, 350});
}

TEMPLATE_LIST_TEST_CASE("every functor has the same values and derivatives on thrust as on Cpu",
                        "[backend][thrust]", TestedBackends) {
    if (!can_run<TestType>()) return;
    check_functors<TestType>();
}

TEMPLATE_LIST_TEST_CASE("stretched operands are the same on thrust as on Cpu", "[backend][thrust]",
                        TestedBackends) {
    if (!can_run<TestType>()) return;
    check_same<TestType>(
        [](const auto& on) { return evaluate(tanh(on.x * on.per_channel + on.row)); });
    check_same<TestType>([](const auto& on) { return evaluate(on.per_channel * on.row); });
    check_same<TestType, double>(
        [](const auto& on) { return evaluate(maximum(on.row - on.per_channel, 0.5) / 3); });
}

TEMPLATE_LIST_TEST_CASE("the derivative of a whole tree is the same on thrust as on Cpu",
                        "[backend][thrust]", TestedBackends) {
    if (!can_run<TestType>()) return;
    check_same<TestType>([](const auto& on) {
        const auto plan = sigmoid(on.x * on.per_channel + square(on.positive)).plan(on.x.shape());
        // Leaves from the left: x, per_channel, positive.
        return computed(on.x, TangentPlan<2, std::remove_const_t<decltype(plan)>>{plan});
    });
}

TEMPLATE_LIST_TEST_CASE("views are read and written on thrust as on Cpu", "[backend][thrust]",
                        TestedBackends) {
    if (!can_run<TestType>()) return;
    check_same<TestType>([](const auto& on) {
        return evaluate(2 * on.x.transpose(2, 3).slice(3, 0, 5, 2) +
                        on.y.transpose(2, 3).slice(3, 1, 4));
    });
    check_same<TestType>([](const auto& on) {
        const auto whole = on.x.clone();
        whole.slice(1, 0, 3, 2).slice(3, 1, 7, 3).assign(exp(on.row.slice(3, 0, 2)));
        return whole;
    });
    check_same<TestType>([](const auto& on) {
        const auto whole = on.x.clone();
        whole.permute({3, 1, 0, 2}).assign(whole.permute({3, 1, 0, 2}) - on.per_channel);
        return whole;
    });
}

TEMPLATE_LIST_TEST_CASE("tensors of ranks 0 to 5 and of no element are assigned on thrust",
                        "[backend][thrust]", TestedBackends) {
    if (!can_run<TestType>()) return;
    const Tensor<float, 0, TestType> number = Tensor<float, 0, TestType>::full({}, 3) * 2;
    CHECK(number.item() == 6);
    const auto five = Tensor<float, 5, TestType>::full({2, 1, 3, 1, 2}, 0.5F);
    CHECK(evaluate(five + five).to_values() == std::vector<float>(12, 1.0F));
    const auto none = Tensor<float, 2, TestType>::zeros({0, 4});
    CHECK(evaluate(none + 1).to_values().empty());
}

TEMPLATE_LIST_TEST_CASE("random streams have the same integers on thrust as on Cpu",
                        "[backend][thrust]", TestedBackends) {
    if (!can_run<TestType>()) return;
    const RandomPlan<double, test::LastWord> words{{}, 0x123456789ABCDEFU, 7, 5};
    const auto expected = computed(Tensor<double, 2>::zeros({13, 11}), words);
    const auto actual = computed(Tensor<double, 2, TestType>::zeros({13, 11}), words);
    CHECK(actual.to_values() == expected.to_values());

    Rng rng(11);
    Rng same(11);
    CHECK(uniform<float, 2, TestType>({13, 11}, rng).to_values() ==
          uniform<float, 2>({13, 11}, same).to_values());
    CHECK(ulps_apart(normal<float, 2, TestType>({13, 11}, rng).to_values(),
                     normal<float, 2>({13, 11}, same).to_values()) <= 4);
}

TEMPLATE_LIST_TEST_CASE("thrust counts the elements of a small tensor in 32 bits",
                        "[backend][thrust]", TestedBackends) {
    if (!can_run<TestType>()) return;
    auto x = Tensor<float, 1, TestType>::zeros({3});
    TestType::assign(x.view(), test::IndexBytesPlan{});
    CHECK(x.to_values() == std::vector<float>(3, 4.0F));
}

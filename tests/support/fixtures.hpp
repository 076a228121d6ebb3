#pragma once

#include <oldphoto/ops/reduce.hpp>

#include <catch2/catch.hpp>

#include "npz.hpp"
#include "shared.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

// Compares ops, their values and their gradients, with fixture arrays.

namespace oldphoto::test {

/// max|actual - expected|; infinite where they cannot be compared.
template <class T>
double absolute_error(const std::vector<T>& actual, const std::vector<float>& expected) {
    if (actual.size() != expected.size()) return INFINITY;
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        // Written so that a NaN counts as an error.
        const double error = std::abs(double(actual[i]) - double(expected[i]));
        worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
    }
    return worst;
}

/// The same of a variable and a stored float32 array; infinite for other shapes, too.
template <class T, std::size_t R>
double absolute_error(const Variable<T, R>& actual, const Array& expected) {
    if (to_vector(actual.shape()) != expected.dims) return INFINITY;
    return absolute_error(actual.value().to_values(), expected.values<float>());
}

/// max|actual - expected| / max|expected|
template <class T>
double relative_error(const std::vector<T>& actual, const std::vector<float>& expected) {
    const double worst = absolute_error(actual, expected);
    double largest = 0;
    for (const float value : expected) largest = std::max(largest, std::abs(double(value)));
    return worst == 0 ? 0 : worst / largest;
}

/// A stored float32 array as a tensor.
template <class T, std::size_t R>
Tensor<T, R> tensor_of(const Array& array) {
    if (array.dims.size() != R) {
        throw Error("fixture has shape " + format_dims(array.dims) + ", the test asked for rank " +
                    std::to_string(R));
    }
    Shape<R> shape{};
    std::copy(array.dims.begin(), array.dims.end(), shape.extents);
    const auto values = array.values<float>();
    return Tensor<T, R>::from_values(shape, std::vector<T>(values.begin(), values.end()));
}

/// One case of an op's fixture: inputs x, w, b ..., the output y, the gradient gy that flows into
/// it, those of the inputs (gx ...), and attributes.
struct OpCase {
    std::string name;
    Archive arrays;

    [[nodiscard]] bool has(const std::string& role) const { return arrays.count(role) != 0; }

    [[nodiscard]] std::vector<float> values(const std::string& role) const {
        return arrays.at(role).values<float>();
    }
    template <class T, std::size_t R>
    [[nodiscard]] Tensor<T, R> tensor(const std::string& role) const {
        return tensor_of<T, R>(arrays.at(role));
    }
    /// An input to differentiate by; without elements where the case has none.
    template <class T, std::size_t R>
    [[nodiscard]] Variable<T, R> input(const std::string& role) const {
        return has(role) ? Variable<T, R>(tensor<T, R>(role), true)
                         : Variable<T, R>(Tensor<T, R>::zeros({}));
    }
    /// The numbers of attribute "@name".
    [[nodiscard]] std::vector<Index> numbers(const std::string& attribute) const {
        const auto stored = arrays.at("@" + attribute).values<std::int32_t>();
        return {stored.begin(), stored.end()};
    }
    [[nodiscard]] Index number(const std::string& attribute) const {
        return numbers(attribute).front();
    }
};

/// The cases of an archive whose entries are called "case.role".
inline std::vector<OpCase> op_cases(const std::string& fixture) {
    std::map<std::string, Archive> sorted;
    for (const auto& [key, array] : read_npz(fixture_path(fixture))) {
        const auto dot = key.rfind('.');
        sorted[key.substr(0, dot)][key.substr(dot + 1)] = array;
    }
    std::vector<OpCase> cases;
    for (const auto& [name, arrays] : sorted) cases.push_back({name, arrays});
    return cases;
}

/// One of them. @throws Error when there is none of that name.
inline OpCase op_case(const std::string& fixture, const std::string& name) {
    for (auto& found : op_cases(fixture)) {
        if (found.name == name) return found;
    }
    throw Error(fixture + " has no case " + name);
}

/// Runs the op forward and backward and compares its value with y, and the gradients of
/// sum(y * gy) with "g" + role of each input.
/// @param f       computes a variable or an expression of the inputs.
/// @param inputs  by role; those without elements are passed over.
template <class T, class F>
void check_op(const OpCase& fixture, const std::map<std::string, AnyVariable<T>>& inputs, F f,
              double tolerance = 1e-5) {
    INFO(fixture.name << " in " << (sizeof(T) == 4 ? "float" : "double"));
    ParameterList<T> parameters;
    for (const auto& [role, input] : inputs) {
        if (input.size() != 0) parameters.push_back(input);
    }
    Program program;
    auto y = decltype(as_variable(f())){};
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        y = as_variable(f());
        loss = sum(y * fixture.tensor<T, decltype(y)::rank>("gy"));
    }
    program.backward(loss, parameters);

    REQUIRE(to_vector(y.shape()) == fixture.arrays.at("y").dims);
    CHECK(relative_error(y.value().to_values(), fixture.values("y")) < tolerance);
    for (const auto& [role, input] : inputs) {
        if (input.size() == 0) continue;
        INFO("gradient of " << role);
        const auto expected = fixture.values("g" + role);
        CHECK(relative_error(input.gradient().to_values(), expected) < tolerance);
    }
}

}  // namespace oldphoto::test

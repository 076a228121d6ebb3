#include "unit.hpp"
#include <cmath>
#include <cstdio>

double second_unit_result();

/// Both units must agree with the sum of tanh(2 x + 0.5) worked out in double precision.
int main() {
    double expected = 0.0;
    for (int i = 0; i < 1000; ++i) expected += std::tanh(2.0 * (0.002 * i - 1.0) + 0.5);
    const double first = unit_result();
    const double second = second_unit_result();
    std::printf("expected %.6f, first unit %.6f, second unit %.6f\n", expected, first, second);
    return std::abs(first - expected) < 1e-3 && std::abs(second - expected) < 1e-3 ? 0 : 1;
}

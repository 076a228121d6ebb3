#include "unit.hpp"

double second_unit_result();
double second_unit_result() {
    return unit_result();
}

#include <cstdio>

// OLDPHOTO_UNITS lists the units of this program as UNIT(name) UNIT(name).

#define UNIT(name) double name();
OLDPHOTO_UNITS
#undef UNIT

struct Unit {
    const char* name;
    double (*error)();
};

#define UNIT(name) {#name, name},
constexpr Unit units[]{OLDPHOTO_UNITS};
#undef UNIT

/// Every unit must agree with plain loops.
int main() {
    int wrong = 0;
    for (const Unit& unit : units) {
        const double error = unit.error();
        const bool right = error < 2e-5;
        std::printf("%s: error %.1e%s\n", unit.name, error, right ? "" : ", wrong");
        wrong += right ? 0 : 1;
    }
    return wrong;
}

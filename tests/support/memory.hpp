#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

// How much memory a computation takes, as the kernel counts it.

namespace oldphoto::test {

/// A line of /proc/self/status in MiB; 0 where there is none.
inline double status_mebibytes(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) / 1024;
    }
    return 0;
}

/// The most memory in MiB that this process has at a time while it computes, beyond what it has
/// before; negative where the kernel does not tell.
template <class Compute>
double peak_mebibytes(const Compute& compute) {
#if defined(__GLIBC__)
    malloc_trim(0);  // what earlier tests have freed is not there to be used again
#endif
    std::ofstream("/proc/self/clear_refs") << "5";  // forgets the peak so far
    const double before = status_mebibytes("VmRSS");
    if (before == 0 || status_mebibytes("VmHWM") > before + 1) return -1;
    compute();
    return status_mebibytes("VmHWM") - before;
}

}  // namespace oldphoto::test

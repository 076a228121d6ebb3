#pragma once

#include <oldphoto/backend/cuda/launch.hpp>
#include <oldphoto/backend/host_memory.hpp>

#include <thrust/system/cpp/execution_policy.h>

namespace oldphoto {

/// The code of the CUDA backend on thrust's host system: every element is computed as a device
/// thread would compute it, which tests that code where there is no device. Evaluates expressions.
struct ThrustHost : HostMemory {
    static constexpr const char* name = "thrust_host";

    /// destination[i] = plan[i]
    template <class T, std::size_t R, Plan P>
    static void assign(const View<T, R>& destination, const P& plan) {
        launch::assign(thrust::cpp::par, destination, plan);
    }
};

}  // namespace oldphoto

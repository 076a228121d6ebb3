#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/core/numerics.hpp>
#include <oldphoto/core/scoped_value.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace oldphoto {

/// How a piece of work is cut: `items` of them, `grain` at a time. A partition follows from the
/// shape of the work and never from the number of threads, so that results have the same bits
/// however many threads there are.
struct Partition {
    Index items = 0;
    Index grain = 1;

    [[nodiscard]] constexpr Index chunks() const noexcept { return (items + grain - 1) / grain; }
};

namespace detail {

/// Threads that wait for partitioned work. The calling thread takes part; chunks are claimed one
/// by one, so an unlucky thread does not hold up the others.
class ThreadPool {
public:
    // Out of line, or every loop of a program would hold the building of the pool.
    [[gnu::noinline]] static ThreadPool& instance() {
        static ThreadPool pool;
        return pool;
    }

    [[nodiscard]] int thread_count() const noexcept { return thread_count_; }

    void set_thread_count(int count) {
        if (count < 1) {
            throw_option_error("set_thread_count",
                               detail::joined({"expected at least 1, got ", count}));
        }
        std::lock_guard job_lock(job_mutex_);
        stop();
        thread_count_ = count;
    }

    void run(const Partition& partition, FunctionRef<void(Index, Index)> body) {
        const Index chunks = partition.chunks();
        // A body that itself asks for parallel work gets it from its own thread.
        if (chunks <= 1 || thread_count_ == 1 || inside_) {
            run_serially(partition, body);
            return;
        }
        std::lock_guard job_lock(job_mutex_);
        start();
        Job job{partition, body};
        {
            std::lock_guard lock(mutex_);
            job_ = &job;
            ++generation_;
            busy_ = static_cast<int>(workers_.size());
        }
        wake_.notify_all();
        take_chunks(job);
        {
            std::unique_lock lock(mutex_);
            idle_.wait(lock, [this] { return busy_ == 0; });
            job_ = nullptr;
        }
        if (job.error) std::rethrow_exception(job.error);
    }

    /// Whether this thread does alone all work that it asks for.
    static bool& alone() noexcept { return inside_; }

    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

private:
    struct Job {
        Partition partition;
        FunctionRef<void(Index, Index)> body;
        Numerics numerics = NumericsScope::current();
        std::atomic<Index> next{0};
        std::exception_ptr error{};
        std::mutex error_mutex{};
    };

    ThreadPool()
        : thread_count_(std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {}
    ~ThreadPool() { stop(); }

    static void run_serially(const Partition& partition, FunctionRef<void(Index, Index)> body) {
        for (Index begin = 0; begin < partition.items; begin += partition.grain) {
            poll();
            body(begin, std::min(begin + partition.grain, partition.items));
        }
    }

    static void poll() {
        if (Monitor* monitor = Monitor::current(); monitor != nullptr) monitor->poll();
    }

    void take_chunks(Job& job) {
        inside_ = true;
        const NumericsScope numerics(job.numerics);
        const Index chunks = job.partition.chunks();
        for (Index k = job.next++; k < chunks; k = job.next++) {
            const Index begin = k * job.partition.grain;
            try {
                poll();
                job.body(begin, std::min(begin + job.partition.grain, job.partition.items));
            } catch (...) {
                std::lock_guard lock(job.error_mutex);
                if (!job.error) job.error = std::current_exception();
                job.next = chunks;
            }
        }
        inside_ = false;
    }

    void start() {
        while (static_cast<int>(workers_.size()) < thread_count_ - 1) {
            workers_.emplace_back([this, seen = generation_]() mutable { work(seen); });
        }
    }

    void stop() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (auto& worker : workers_) worker.join();
        workers_.clear();
        stopping_ = false;
    }

    void work(unsigned long seen) {
        for (;;) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
            if (stopping_) return;
            seen = generation_;
            Job& job = *job_;
            lock.unlock();
            take_chunks(job);
            lock.lock();
            if (--busy_ == 0) idle_.notify_one();
        }
    }

    static inline thread_local bool inside_ = false;

    int thread_count_;
    std::vector<std::thread> workers_;
    std::mutex job_mutex_;  // one job at a time
    std::mutex mutex_;      // guards everything below
    std::condition_variable wake_;
    std::condition_variable idle_;
    Job* job_ = nullptr;
    unsigned long generation_ = 0;
    int busy_ = 0;
    bool stopping_ = false;
};

}  // namespace detail

/// Number of threads that share the library's work; at first, one per core.
[[nodiscard]] inline int thread_count() noexcept {
    return detail::ThreadPool::instance().thread_count();
}

/// Number of threads that share the work which this thread asks for.
[[nodiscard]] inline int sharing_threads() noexcept {
    return detail::ThreadPool::alone() ? 1 : thread_count();
}

/// @throws OptionError when count < 1. Not to be called while another thread computes.
inline void set_thread_count(int count) {
    detail::ThreadPool::instance().set_thread_count(count);
}

/// While it lives, the thread that made it does the work that it asks for by itself. For threads of
/// a program's own, which would otherwise compete with the others for the library's threads.
class SerialScope {
public:
    SerialScope() noexcept : scope_(detail::ThreadPool::alone(), true) {}

private:
    detail::ScopedValue<bool> scope_;
};

/// Calls body(begin, end) for every chunk, on all threads, in no particular order. The first
/// exception of a body is rethrown here after the others have ended.
inline void for_each_chunk(const Partition& partition, FunctionRef<void(Index, Index)> body) {
    detail::ThreadPool::instance().run(partition, body);
}

}  // namespace oldphoto

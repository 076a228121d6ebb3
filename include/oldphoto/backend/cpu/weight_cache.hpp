#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/large_memory.hpp>
#include <oldphoto/core/scoped_value.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace oldphoto {

/// Keeps what convolutions make of their weights, for networks that run again and again: four times
/// the weights, which are otherwise transformed in every run.
///
///     WeightCache cache;
///     {
///         const WeightCache::Use use(cache);
///         y = net(x);
///     }
///
/// Weights that it has seen must neither change nor go as long as it is used. Several threads may
/// use it at once.
class WeightCache {
public:
    /// What was made: from which weights, by which kernels, and whether turned around.
    struct Key {
        const void* weights;
        const void* kernels;
        bool rotated;
        friend bool operator==(const Key&, const Key&) = default;
    };

    /// While it lives, convolutions of this thread look here first.
    class Use {
    public:
        explicit Use(WeightCache& cache) noexcept : scope_(current_, &cache) {}

    private:
        detail::ScopedValue<WeightCache*> scope_;
    };

    /// The cache that this thread uses, or null.
    [[nodiscard]] static WeightCache* current() noexcept { return current_; }

    /// The numbers kept under a key; at first, `size` that make() writes.
    [[nodiscard]] const float* get(const Key& key, Index size, FunctionRef<void(float*)> make) {
        {
            const std::lock_guard lock(mutex_);
            if (const float* kept = find(key, size)) return kept;
        }
        // Made without the lock: it may take all threads, which may come here themselves.
        LargeArray<float> values(static_cast<std::size_t>(size));
        make(values.get());
        const std::lock_guard lock(mutex_);
        if (const float* kept = find(key, size)) return kept;  // another thread was faster
        entries_.push_back({key, std::move(values), size});
        return entries_.back().values.get();
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        entries_.clear();
    }
    [[nodiscard]] std::size_t bytes() const {
        const std::lock_guard lock(mutex_);
        std::size_t total = 0;
        for (const Entry& entry : entries_) {
            total += static_cast<std::size_t>(entry.size) * sizeof(float);
        }
        return total;
    }

private:
    struct Entry {
        Key key;
        LargeArray<float> values;
        Index size;
    };

    /// The entry of a key, or null; to be called under the lock.
    [[nodiscard]] const float* find(const Key& key, Index size) const {
        const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
            return e.key == key && e.size == size;
        });
        return entry == entries_.end() ? nullptr : entry->values.get();
    }

    static inline thread_local WeightCache* current_ = nullptr;
    mutable std::mutex mutex_;
    std::vector<Entry> entries_;
};

}  // namespace oldphoto

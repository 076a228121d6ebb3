#pragma once

#include <oldphoto/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oldphoto {

/// Numbers distinct names 0, 1, 2 ... as they come: a hash table with open addresses, because
/// std::map costs a program more compile time.
class NameIndex {
public:
    /// Gives `name` the next number; false when it has one already.
    bool insert(const std::string& name) {
        if (2 * names_.size() >= slots_.size()) grow();
        std::size_t& slot = slots_[slot_of(name)];
        if (slot != none) return false;
        names_.push_back(name);
        slot = names_.size() - 1;
        return true;
    }

    /// The number of `name`, or nullptr.
    [[nodiscard]] const std::size_t* find(std::string_view name) const {
        if (slots_.empty()) return nullptr;
        const std::size_t& slot = slots_[slot_of(name)];
        return slot == none ? nullptr : &slot;
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    /// Where the number of `name` is, or would be.
    [[nodiscard]] std::size_t slot_of(std::string_view name) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t k = std::hash<std::string_view>()(name) & mask;
        while (slots_[k] != none && names_[slots_[k]] != name) k = (k + 1) & mask;
        return k;
    }
    void grow() {
        slots_ = std::vector<std::size_t>(std::max<std::size_t>(16, 2 * slots_.size()), none);
        for (std::size_t number = 0; number < names_.size(); ++number) {
            slots_[slot_of(names_[number])] = number;
        }
    }

    std::vector<std::string> names_;
    std::vector<std::size_t> slots_;  // 2^k, of which at most half are taken
};

/// Values by name, in the order in which they were inserted: state dicts and metadata keep the
/// order of their file.
template <class T>
class OrderedMap {
public:
    struct Entry {
        Entry(std::string&& n, T&& v) : name(std::move(n)), value(std::move(v)) {}

        std::string name;
        T value;
    };

    /// Appends an entry.
    /// @throws OptionError when the name is taken.
    void insert(std::string name, T value) {
        if (index_.find(name) != nullptr)
            throw_option_error("insert", detail::joined({"name '", name, "' is taken"}));
        // The entry first: a name must never lead beyond the entries.
        entries_.emplace_back(std::move(name), std::move(value));
        index_.insert(entries_.back().name);
    }

    /// The value of that name, or nullptr.
    [[nodiscard]] const T* find(std::string_view name) const {
        const std::size_t* number = index_.find(name);
        return number == nullptr ? nullptr : &entries_[*number].value;
    }

    /// @throws OptionError when nothing has that name.
    [[nodiscard]] const T& at(std::string_view name) const {
        if (const T* value = find(name)) return *value;
        throw_option_error("at", detail::joined({"nothing is named '", name, "'"}));
    }

    [[nodiscard]] bool contains(std::string_view name) const { return find(name) != nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    /// Entries in their order: for (const auto& [name, value] : map).
    [[nodiscard]] const Entry* begin() const noexcept { return entries_.data(); }
    [[nodiscard]] const Entry* end() const noexcept { return begin() + size(); }

private:
    std::vector<Entry> entries_;
    NameIndex index_;
};

}  // namespace oldphoto

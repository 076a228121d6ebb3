#pragma once

#include <oldphoto/core/error.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oldphoto {

/// Numbers distinct names 0, 1, 2 ... as they come.
class NameIndex {
public:
    /// Gives `name` the next number; false when it has one already.
    bool insert(const std::string& name) {
        return numbers_.try_emplace(name, numbers_.size()).second;
    }

    /// The number of `name`, or nullptr.
    [[nodiscard]] const std::size_t* find(std::string_view name) const {
        const auto place = numbers_.find(name);
        return place == numbers_.end() ? nullptr : &place->second;
    }

private:
    std::map<std::string, std::size_t, std::less<>> numbers_;
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
        if (!index_.insert(name))
            throw_option_error("insert", detail::joined({"name '", name, "' is taken"}));
        entries_.emplace_back(std::move(name), std::move(value));
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
    [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] auto end() const noexcept { return entries_.end(); }

private:
    std::vector<Entry> entries_;
    NameIndex index_;
};

}  // namespace oldphoto

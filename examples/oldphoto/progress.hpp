#pragma once

#include <chrono>
#include <string>

namespace oldphoto::program {

/// A bar with the time that is left, on stderr; nothing at all where that is no terminal.
///
///     [########------------] 12/40  0:35 left  1950/wedding.jpg
class Progress {
public:
    /// @param items  how many there are.
    /// @param work   in all, in any unit in which the time that they take is about proportional.
    /// @param done   how many were done before, by an earlier run; `work` is that of the others.
    Progress(std::size_t items, double work, std::size_t done = 0);
    ~Progress() { hide(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Draws the bar before an item is begun, or while it is under way.
    /// @param under_way  of its work that is done.
    void show(const std::string& item, double under_way = 0) const;
    /// Takes the bar away, so that a line can be printed.
    void hide() const;
    /// Counts an item as done.
    void advance(double work);

private:
    [[nodiscard]] std::string time_left(double done) const;

    bool enabled_;
    std::size_t items_;
    std::size_t done_;
    double work_;
    double work_done_ = 0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Seconds since a point of time.
double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace oldphoto::program

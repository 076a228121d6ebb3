#pragma once

#include <oldphoto/core/table.hpp>
#include <oldphoto/io/array.hpp>

#include <string>
#include <vector>

namespace oldphoto::program {

/// What a weights file holds, as text.
class WeightsTable {
public:
    WeightsTable() = default;
    explicit WeightsTable(const NamedArrays& arrays);

    void add(const std::string& name, DType dtype, const std::vector<Index>& dims);

    /// A line for each tensor: name, shape, type.
    [[nodiscard]] std::string lines() const;
    /// "3 tensors, 1182 parameters, 4722 bytes"
    [[nodiscard]] std::string totals() const;

private:
    std::vector<TableRow> rows_;
    std::size_t parameters_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace oldphoto::program

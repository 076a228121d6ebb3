#include "weights_table.hpp"

#include "text.hpp"

namespace oldphoto::program {

WeightsTable::WeightsTable(const NamedArrays& arrays) {
    for (const auto& [name, array] : arrays) add(name, array.dtype(), array.dims());
}

void WeightsTable::add(const std::string& name, DType dtype, const std::vector<Index>& dims) {
    // Whoever read the tensor has found room for it.
    const std::size_t bytes = byte_count(dtype, dims).value();
    rows_.push_back({printable(name), format_dims(dims), std::string(to_string(dtype))});
    parameters_ += bytes / item_size(dtype);
    bytes_ += bytes;
}

std::string WeightsTable::lines() const {
    return format_table(rows_, "lll");
}

std::string WeightsTable::totals() const {
    return count_of(rows_.size(), "tensor") + ", " + count_of(parameters_, "parameter") + ", " +
           count_of(bytes_, "byte");
}

}  // namespace oldphoto::program

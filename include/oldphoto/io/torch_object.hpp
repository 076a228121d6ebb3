#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/json.hpp>
#include <oldphoto/io/ordered_map.hpp>
#include <oldphoto/io/pickle.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The object pickle of a PyTorch checkpoint, whatever container it came in: which of its values
/// are tensors, what they are called, and which bytes of which storage they show.
/// Source: PyTorch, torch/serialization.py and torch/_utils.py.
namespace oldphoto::detail {

/// What a global name says of elements: a class of storages, or a dtype.
struct TorchType {
    std::string_view global;
    std::string_view name;
    std::size_t item_size;
    std::optional<DType> dtype;  ///< nothing where there are no such arrays here
};

[[nodiscard]] constexpr TorchType readable_type(DType dtype, std::string_view global) {
    return {global, to_string(dtype), item_size(dtype), dtype};
}

inline constexpr TorchType torch_types[] = {
    readable_type(DType::f16, "torch.HalfStorage"),
    readable_type(DType::bf16, "torch.BFloat16Storage"),
    readable_type(DType::f32, "torch.FloatStorage"),
    readable_type(DType::f64, "torch.DoubleStorage"),
    readable_type(DType::i8, "torch.CharStorage"),
    readable_type(DType::u8, "torch.ByteStorage"),
    readable_type(DType::i16, "torch.ShortStorage"),
    readable_type(DType::i32, "torch.IntStorage"),
    readable_type(DType::i64, "torch.LongStorage"),
    readable_type(DType::boolean, "torch.BoolStorage"),
    // Types younger than the classes of storages lie in storages of bytes.
    readable_type(DType::u16, "torch.uint16"),
    readable_type(DType::u32, "torch.uint32"),
    readable_type(DType::u64, "torch.uint64"),
    {"torch.storage.UntypedStorage", "untyped", 1, {}},
    {"torch.float8_e4m3fn", "float8_e4m3fn", 1, {}},
    {"torch.float8_e5m2", "float8_e5m2", 1, {}},
    {"torch.ComplexFloatStorage", "complex64", 8, {}},
    {"torch.ComplexDoubleStorage", "complex128", 16, {}},
    {"torch.QInt8Storage", "qint8", 1, {}},
    {"torch.QUInt8Storage", "quint8", 1, {}},
    {"torch.QInt32Storage", "qint32", 4, {}},
    {"torch.QUInt4x2Storage", "quint4x2", 1, {}},
    {"torch.QUInt2x4Storage", "quint2x4", 1, {}},
};

inline constexpr std::string_view torch_parameter = "torch._utils._rebuild_parameter";
inline constexpr std::string_view torch_tensor_of_bytes = "torch._utils._rebuild_tensor_v3";

/// All begin with the arguments storage, offset, size, stride.
inline constexpr std::string_view torch_tensor_functions[] = {
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", torch_tensor_of_bytes,
    "torch._utils._rebuild_qtensor"};

/// What else may stand in a checkpoint: dictionaries, and plain values that are skipped.
inline constexpr std::string_view torch_plain_globals[] = {
    "collections.OrderedDict",  torch_parameter,  "torch.Size",        "torch.per_tensor_affine",
    "torch.per_channel_affine", "_codecs.encode", "__builtin__.bytes", "__builtin__.set",
    "builtins.bytes",           "builtins.set"};

/// Every name that an object pickle may use. None of them is called.
inline constexpr auto torch_globals = [] {
    std::array<std::string_view, std::size(torch_types) + std::size(torch_tensor_functions) +
                                     std::size(torch_plain_globals)>
        all{};
    auto end = std::transform(std::begin(torch_types), std::end(torch_types), all.begin(),
                              [](const TorchType& type) { return type.global; });
    end = std::copy(std::begin(torch_tensor_functions), std::end(torch_tensor_functions), end);
    std::copy(std::begin(torch_plain_globals), std::end(torch_plain_globals), end);
    return all;
}();

/// nullptr for names that say nothing of elements.
[[nodiscard]] inline const TorchType* find_torch_type(std::string_view global) {
    for (const TorchType& type : torch_types) {
        if (type.global == global) return &type;
    }
    return nullptr;
}

/// How many bytes one file may make its reader take.
class ByteBudget {
public:
    ByteBudget(std::string path, std::size_t file_size, std::uint64_t growth)
        : path_(std::move(path)), growth_(growth) {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        limit_ = growth > 0 && file_size > most / growth ? most : file_size * growth;
        left_ = limit_;
    }

    void spend(std::size_t bytes) {
        if (bytes > left_) {
            throw_io_error(path_, "its names, storages and tensors take more than " +
                                      std::to_string(limit_) + " bytes, " +
                                      std::to_string(growth_) +
                                      " times its own (PytorchOptions::max_growth)");
        }
        left_ -= bytes;
    }

    [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

private:
    std::string path_;
    std::uint64_t growth_;
    std::uint64_t limit_ = 0;
    std::uint64_t left_ = 0;
};

/// Elements that tensors share. Where its bytes lie is the container's business: `place` is for it.
struct TorchStorage {
    std::string_view key;
    const TorchType* type;
    std::size_t bytes;
    std::optional<std::size_t> place;
};

/// The storages that the persistent ids of an object pickle describe, each once.
class TorchStorages {
public:
    /// A part of a storage, in bytes; only very old files name less than the whole.
    struct View {
        std::size_t storage;
        std::size_t begin;
        std::size_t size;
    };

    /// @param where  the path with which errors start.
    TorchStorages(const PickleTree& tree, std::string where)
        : tree_(tree), where_(std::move(where)) {
        for (const PickleValue id : tree_.persistent_ids()) views_.push_back(read_id(id));
    }

    [[nodiscard]] const std::vector<TorchStorage>& all() const noexcept { return storages_; }
    [[nodiscard]] const TorchStorage& operator[](std::size_t k) const { return storages_[k]; }

    /// What a persistent value shows.
    [[nodiscard]] const View& view(PickleValue value) const {
        return views_[static_cast<std::size_t>(value.number)];
    }

    /// The number of the storage with that key, or nullptr.
    [[nodiscard]] const std::size_t* find(std::string_view key) const { return keys_.find(key); }

    void set_place(std::size_t k, std::size_t place) { storages_[k].place = place; }

    /// Throws "path: storage 'key': reason".
    [[noreturn]] void fail(std::string_view key, const std::string& reason) const {
        throw_io_error(where_, "storage '" + escape_control(key) + "': " + reason);
    }

private:
    // Keys are numbers. Many ids may have one key, and each is looked up.
    static constexpr std::size_t key_limit = 256;

    /// ("storage", class, key, location, count), to which old files add None or a view.
    View read_id(PickleValue id) {
        if (!begins_with(id, {PickleKind::text, PickleKind::global, PickleKind::text,
                              PickleKind::text, PickleKind::integer})) {
            throw_io_error(where_, "a persistent id is not (\"storage\", class, key, location, n)");
        }
        const PickleItems& items = tree_.items(id);
        const std::string_view key = tree_.text(items[2]);
        if (key.size() > key_limit) {
            throw_io_error(where_, "the key of a storage has " + std::to_string(key.size()) +
                                       " characters, the limit is " + std::to_string(key_limit));
        }
        const TorchType* type = find_torch_type(tree_.global(items[1]));
        if (tree_.text(items[0]) != "storage" || type == nullptr) fail(key, "is no storage");
        const std::size_t bytes = size_of(key, items[4], *type);
        const std::size_t storage = add({key, type, bytes, {}});
        if (items.size() == 5 || items[5].kind == PickleKind::none) return {storage, 0, bytes};
        return read_view(storage, items[5]);
    }

    /// (key of the view, offset, count)
    View read_view(std::size_t storage, PickleValue value) const {
        const auto& [key, type, bytes, place] = storages_[storage];
        if (!begins_with(value, {PickleKind::text, PickleKind::integer, PickleKind::integer})) {
            fail(key, "its view is not (key, offset, n)");
        }
        const PickleItems& items = tree_.items(value);
        const std::size_t begin = size_of(key, items[1], *type);
        const std::size_t size = size_of(key, items[2], *type);
        if (begin > bytes || size > bytes - begin) fail(key, "its view goes beyond it");
        return {storage, begin, size};
    }

    /// Whether a value is a tuple that begins with items of these kinds.
    bool begins_with(PickleValue value, std::initializer_list<PickleKind> kinds) const {
        if (value.kind != PickleKind::tuple) return false;
        const PickleItems& items = tree_.items(value);
        if (items.size() < kinds.size()) return false;
        return std::equal(kinds.begin(), kinds.end(), items.begin(),
                          [](PickleKind kind, PickleValue item) { return item.kind == kind; });
    }

    std::size_t size_of(std::string_view key, PickleValue count, const TorchType& type) const {
        const std::int64_t most =
            std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(type.item_size);
        if (count.number < 0 || count.number > most) {
            fail(key, "cannot have " + std::to_string(count.number) + " elements");
        }
        return static_cast<std::size_t>(count.number) * type.item_size;
    }

    std::size_t add(const TorchStorage& storage) {
        const std::string key(storage.key);
        if (keys_.insert(key)) storages_.push_back(storage);
        const std::size_t place = *keys_.find(key);
        const TorchStorage& known = storages_[place];
        if (known.type != storage.type || known.bytes != storage.bytes) {
            fail(key, "is described twice, as " + describe(known) + " and as " + describe(storage));
        }
        return place;
    }

    static std::string describe(const TorchStorage& storage) {
        return std::to_string(storage.bytes) + " bytes of " + std::string(storage.type->global);
    }

    const PickleTree& tree_;
    std::string where_;
    std::vector<TorchStorage> storages_;
    std::vector<View> views_;
    NameIndex keys_;
};

/// A tensor that is known to lie within its storage.
struct TorchTensor {
    std::string name;
    DType dtype;
    std::vector<Index> dims;
    std::vector<Index> strides;  // in elements
    std::size_t storage;
    std::size_t begin;  // bytes from the start of the storage
};

/// Finds the state dict in an object pickle and names its tensors.
class TorchStateReader {
public:
    /// @param where  the path with which errors start.
    TorchStateReader(const PickleTree& tree, const TorchStorages& storages, ByteBudget& budget,
                     std::string where)
        : tree_(tree), storages_(storages), budget_(budget), where_(std::move(where)) {}

    /// The tensors in the order of the file.
    /// @param entry  see PytorchOptions.
    std::vector<TorchTensor> read(PickleValue object, const std::string& entry) {
        walk(find_state(object, entry));
        return std::move(tensors_);
    }

private:
    // A tensor of 64 axes is the largest that PyTorch computes with, and nobody nests deeper.
    static constexpr std::size_t axis_limit = 64;
    static constexpr std::size_t depth_limit = 64;
    // Room for a tensor and an array without name, axes and elements, and for their places in maps.
    static constexpr std::size_t description_bytes = 512;

    PickleValue find_state(PickleValue object, const std::string& entry) const {
        if (object.kind != PickleKind::dictionary) {
            throw_io_error(where_, "holds " + std::string(to_string(object.kind)) +
                                       ", but weights are kept in a dictionary");
        }
        if (!entry.empty()) {
            const auto state = find_dictionary(object, entry);
            if (!state) throw_io_error(where_, "holds no dictionary '" + entry + "'");
            return *state;
        }
        if (holds_tensor(object)) return object;
        for (const std::string_view key :
             {"model_state", "state_dict", "model_state_dict", "model"}) {
            if (const auto state = find_dictionary(object, key)) return *state;
        }
        return object;
    }

    std::optional<PickleValue> find_dictionary(PickleValue parent, std::string_view key) const {
        std::optional<PickleValue> found;
        const PickleItems& items = tree_.items(parent);
        for (std::size_t k = 0; k < items.size(); k += 2) {
            if (items[k].kind != PickleKind::text || tree_.text(items[k]) != key) continue;
            if (found) throw_io_error(where_, "entry '" + std::string(key) + "' stands twice");
            found = items[k + 1];
        }
        if (found && found->kind != PickleKind::dictionary) found.reset();
        return found;
    }

    bool holds_tensor(PickleValue dictionary) const {
        const PickleItems& items = tree_.items(dictionary);
        for (std::size_t k = 1; k < items.size(); k += 2) {
            if (find_tensor(items[k])) return true;
        }
        return false;
    }

    // Names grow and shrink with the walk: "optimizer.state.0.exp_avg".

    void walk(PickleValue container) {
        if (std::find(path_.begin(), path_.end(), container.number) != path_.end()) {
            throw_io_error(where_, "holds a container that holds itself");
        }
        if (path_.size() == depth_limit) {
            throw_io_error(where_,
                           "nests more than " + std::to_string(depth_limit) + " containers");
        }
        path_.push_back(container.number);
        const PickleItems& items = tree_.items(container);
        if (container.kind == PickleKind::dictionary) {
            visit_values(items);
        } else {
            for (std::size_t k = 0; k < items.size(); ++k) visit(std::to_string(k), items[k]);
        }
        path_.pop_back();
    }

    void visit_values(const PickleItems& items) {
        NameIndex keys;
        for (std::size_t k = 0; k < items.size(); k += 2) {
            const auto key = format_key(items[k]);
            if (!key) continue;
            if (!keys.insert(*key))
                throw_io_error(where_, "key " + quote_json(*key) + " stands twice");
            visit(*key, items[k + 1]);
        }
    }

    /// Nothing for keys that cannot be a part of a name.
    std::optional<std::string> format_key(PickleValue key) const {
        if (key.kind == PickleKind::integer) return std::to_string(key.number);
        if (key.kind != PickleKind::text) return std::nullopt;
        const std::string_view text = tree_.text(key);
        if (!is_utf8(text)) {
            throw_io_error(where_, "name '" + escape_control(text) + "' is not UTF-8");
        }
        return std::string(text);
    }

    void visit(const std::string& key, PickleValue value) {
        budget_.spend(1 + key.size());
        const auto tensor = find_tensor(value);
        if (!tensor && value.kind != PickleKind::dictionary && value.kind != PickleKind::list &&
            value.kind != PickleKind::tuple) {
            return;
        }
        const std::size_t outer = name_.size();
        if (path_.size() > 1) name_ += '.';
        name_ += key;
        if (tensor) {
            add_tensor(*tensor);
        } else {
            walk(value);
        }
        name_.resize(outer);
    }

    // Tensors.

    struct TensorCall {
        std::string_view function;
        const PickleItems* arguments;
    };

    /// The call that makes a tensor, or the one within the call that makes it a parameter.
    std::optional<TensorCall> find_tensor(PickleValue value) const {
        auto call = find_call(value);
        if (call && call->function == torch_parameter && !call->arguments->empty()) {
            call = find_call(call->arguments->front());
        }
        if (!call || std::find(std::begin(torch_tensor_functions), std::end(torch_tensor_functions),
                               call->function) == std::end(torch_tensor_functions)) {
            return std::nullopt;
        }
        return call;
    }

    std::optional<TensorCall> find_call(PickleValue value) const {
        if (value.kind != PickleKind::call) return std::nullopt;
        const PickleItems& call = tree_.items(value);
        return TensorCall{tree_.global(call[0]), &tree_.items(call[1])};
    }

    void add_tensor(const TensorCall& call) {
        if (!names_.insert(name_)) fail("stands twice");
        const PickleItems& arguments = *call.arguments;
        if (arguments.size() < 4 || arguments[0].kind != PickleKind::persistent ||
            arguments[1].kind != PickleKind::integer) {
            fail("its arguments are not (storage, offset, size, stride)");
        }
        const TorchStorages::View& view = storages_.view(arguments[0]);
        const DType dtype = read_dtype(call, storages_[view.storage].type);
        TorchTensor tensor{name_,
                           dtype,
                           read_indices(arguments[2], "size"),
                           read_indices(arguments[3], "stride"),
                           view.storage,
                           view.begin};
        const auto bytes = byte_count(dtype, tensor.dims);
        if (tensor.strides.size() != tensor.dims.size() || !bytes) {
            fail("size " + format_dims(tensor.dims) + " with stride " +
                 format_dims(tensor.strides) + " is no tensor");
        }
        budget_.spend(description_bytes + 32 * tensor.dims.size() + 4 * name_.size());
        budget_.spend(*bytes);
        if (*bytes > 0) place_tensor(tensor, arguments[1].number, view.size / item_size(dtype));
        tensors_.push_back(std::move(tensor));
    }

    DType read_dtype(const TensorCall& call, const TorchType* type) const {
        if (call.function == torch_tensor_of_bytes) type = read_type_argument(*call.arguments);
        if (!type->dtype) fail("dtype " + std::string(type->name) + " is not supported");
        return *type->dtype;
    }

    const TorchType* read_type_argument(const PickleItems& arguments) const {
        const TorchType* type = nullptr;
        if (arguments.size() >= 7 && arguments[6].kind == PickleKind::global) {
            type = find_torch_type(tree_.global(arguments[6]));
        }
        if (type == nullptr) fail("its arguments name no dtype");
        return type;
    }

    std::vector<Index> read_indices(PickleValue value, std::string_view what) const {
        std::vector<Index> indices;
        if (value.kind != PickleKind::tuple) fail("its " + std::string(what) + " is not a tuple");
        const PickleItems& items = tree_.items(value);
        if (items.size() > axis_limit) {
            fail("has " + std::to_string(items.size()) + " axes, the limit is " +
                 std::to_string(axis_limit));
        }
        for (const PickleValue item : items) {
            if (item.kind != PickleKind::integer || item.number < 0) {
                fail("its " + std::string(what) + " is not a tuple of integers from 0");
            }
            indices.push_back(item.number);
        }
        return indices;
    }

    /// Checks that the last element lies among the `count` of the storage; no extent is 0.
    void place_tensor(TorchTensor& tensor, std::int64_t offset, std::size_t count) const {
        bool inside = offset >= 0 && static_cast<std::size_t>(offset) < count;
        std::size_t left = inside ? count - 1 - static_cast<std::size_t>(offset) : 0;
        for (std::size_t k = 0; inside && k < tensor.dims.size(); ++k) {
            const auto steps = static_cast<std::size_t>(tensor.dims[k] - 1);
            const auto stride = static_cast<std::size_t>(tensor.strides[k]);
            inside = stride == 0 || steps <= left / stride;
            if (inside) left -= steps * stride;
        }
        if (!inside) {
            fail(std::string(to_string(tensor.dtype)) + " " + format_dims(tensor.dims) +
                 " with stride " + format_dims(tensor.strides) + " at offset " +
                 std::to_string(offset) + " goes beyond the " + std::to_string(count) +
                 " elements of its storage");
        }
        tensor.begin += static_cast<std::size_t>(offset) * item_size(tensor.dtype);
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw_io_error(where_, "tensor " + quote_json(name_) + ": " + reason);
    }

    const PickleTree& tree_;
    const TorchStorages& storages_;
    ByteBudget& budget_;
    std::string where_;
    std::string name_;
    std::vector<std::int64_t> path_;  // the containers around the place of the walk
    NameIndex names_;
    std::vector<TorchTensor> tensors_;
};

/// Copies what the tensor shows of its storage, the last extent varying fastest.
inline void copy_elements(const TorchTensor& tensor, std::span<const std::byte> storage,
                          std::span<std::byte> out) {
    const auto item = static_cast<Index>(item_size(tensor.dtype));
    const std::vector<Index>& dims = tensor.dims;
    const std::vector<Index>& strides = tensor.strides;
    std::size_t axes = dims.size();  // those outside of the blocks that lie in one piece
    Index block = 1;
    while (axes > 0 && (dims[axes - 1] == 1 || strides[axes - 1] == block)) block *= dims[--axes];
    block *= item;

    const std::byte* source = storage.data() + tensor.begin;
    std::vector<Index> index(axes, 0);
    for (std::byte* target = out.data(); target != out.data() + out.size(); target += block) {
        std::memcpy(target, source, static_cast<std::size_t>(block));
        for (std::size_t k = axes; k-- > 0;) {
            source += strides[k] * item;
            if (++index[k] < dims[k]) break;
            source -= strides[k] * dims[k] * item;
            index[k] = 0;
        }
    }
}

/// Makes arrays of tensors. A storage is read once and dropped after the last tensor that shows it.
/// @param read  fills a span with the bytes of a storage.
inline NamedArrays load_tensors(const std::vector<TorchTensor>& tensors,
                                const TorchStorages& storages, ByteBudget& budget,
                                FunctionRef<void(const TorchStorage&, std::span<std::byte>)> read) {
    struct Content {
        std::size_t waiting = 0;
        std::vector<std::byte> bytes;
    };
    std::vector<Content> contents(storages.all().size());
    for (const TorchTensor& tensor : tensors) ++contents[tensor.storage].waiting;

    NamedArrays arrays;
    for (const TorchTensor& tensor : tensors) {
        Array array(tensor.dtype, tensor.dims);
        Content& content = contents[tensor.storage];
        if (content.bytes.empty()) {
            budget.spend(storages[tensor.storage].bytes);
            content.bytes.resize(storages[tensor.storage].bytes);
            read(storages[tensor.storage], content.bytes);
        }
        copy_elements(tensor, content.bytes, array.bytes());
        if (--content.waiting == 0) content.bytes = {};
        arrays.insert(tensor.name, std::move(array));
    }
    return arrays;
}

}  // namespace oldphoto::detail

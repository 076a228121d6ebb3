#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/ordered_map.hpp>
#include <oldphoto/io/pickle.hpp>
#include <oldphoto/io/torch_object.hpp>
#include <oldphoto/io/zip.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Opt-in, needs libzip (link with -lzip): the checkpoints that torch.save writes. There are two
/// containers. Since PyTorch 1.6 it is a zip archive: TOP/data.pkl is the pickled object,
/// TOP/data/KEY the bytes of a storage. Before, it was five pickles (a magic number, a version,
/// the system, the object, the keys of its storages) and then, for each key, a count and the bytes.
/// Source: PyTorch, torch/serialization.py.
namespace oldphoto {

struct PytorchOptions {
    /// The key of the file's dictionary under which the state dict stands; "" to find it.
    std::string entry{};
    /// All tensors, names and unpacked storages may take this many times the bytes of the file.
    /// Tensors share storages and repeat elements by strides of 0, and archives can be deflated,
    /// so that a few bytes may ask for any amount of memory.
    std::uint64_t max_growth = 16;
};

namespace detail {

[[nodiscard]] inline NamedArrays read_torch_object(
    const PickleReader& pickle, PickleValue object, const TorchStorages& storages,
    const std::string& where, ByteBudget& budget, const PytorchOptions& options,
    FunctionRef<void(const TorchStorage&, std::span<std::byte>)> read) {
    TorchStateReader state(pickle.tree(), storages, budget, where);
    return load_tensors(state.read(object, options.entry), storages, budget, read);
}

/// Reads the container of five pickles.
class TorchLegacyReader {
public:
    TorchLegacyReader(InputFile& file, const PytorchOptions& options)
        : file_(file),
          options_(options),
          budget_(file.path(), file.size(), options.max_growth),
          pickles_(read_start()),
          pickle_(pickles_, file.path(), torch_globals) {}

    NamedArrays read() {
        check_preamble();
        const PickleValue object = pickle_.read();
        TorchStorages storages(pickle_.tree(), file_.path());
        place_storages(storages, pickle_.read());
        return read_torch_object(pickle_, object, storages, file_.path(), budget_, options_,
                                 [&](const TorchStorage& storage, std::span<std::byte> out) {
                                     file_.seek(*storage.place);
                                     file_.read(out);
                                 });
    }

private:
    std::vector<std::byte> read_start() {
        std::vector<std::byte> bytes(std::min(file_.size(), PickleReader::byte_limit));
        file_.seek(0);
        file_.read(bytes);
        return bytes;
    }

    void check_preamble() {
        constexpr std::string_view magic = "\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19";
        const PickleValue number = pickle_.read();
        if (number.kind != PickleKind::big_integer || pickle_.tree().text(number) != magic) {
            throw_io_error(file_.path(), "is a pickle, but not a PyTorch checkpoint");
        }
        const PickleValue version = pickle_.read();
        if (version.kind != PickleKind::integer || version.number != 1001) {
            throw_io_error(file_.path(), "is not of version 1001, the only one of its container");
        }
        if (!is_little_endian(pickle_.read())) {
            throw_io_error(file_.path(), "does not say that its numbers are little-endian");
        }
    }

    bool is_little_endian(PickleValue system) const {
        if (system.kind != PickleKind::dictionary) return false;
        const PickleItems& items = pickle_.tree().items(system);
        for (std::size_t k = 0; k < items.size(); k += 2) {
            if (items[k].kind == PickleKind::text &&
                pickle_.tree().text(items[k]) == "little_endian") {
                return items[k + 1].kind == PickleKind::boolean && items[k + 1].number == 1;
            }
        }
        return false;
    }

    /// Finds the storages behind the pickles, in the order of their keys.
    void place_storages(TorchStorages& storages, PickleValue keys) {
        if (keys.kind != PickleKind::list) {
            throw_io_error(file_.path(), "holds no list of storages behind its object");
        }
        std::size_t position = pickle_.position();
        for (const PickleValue key : pickle_.tree().items(keys)) {
            position = place_storage(storages, key, position);
        }
        for (const TorchStorage& storage : storages.all()) {
            if (!storage.place) storages.fail(storage.key, "is missing");
        }
        if (position != file_.size()) {
            throw_io_error(file_.path(), std::to_string(file_.size() - position) +
                                             " bytes follow the last storage");
        }
    }

    /// @return where the storage ends.
    std::size_t place_storage(TorchStorages& storages, PickleValue key_value,
                              std::size_t position) {
        const std::string_view key =
            key_value.kind == PickleKind::text ? pickle_.tree().text(key_value) : "";
        const std::size_t* number = storages.find(key);
        if (number == nullptr) storages.fail(key, "is described nowhere");
        const TorchStorage& storage = storages[*number];
        if (storage.place) storages.fail(key, "stands twice");
        require(storages, key, position, sizeof(std::int64_t));
        std::int64_t count = 0;
        file_.seek(position);
        file_.read(std::as_writable_bytes(std::span(&count, 1)));
        position += sizeof(count);
        const std::size_t described = storage.bytes / storage.type->item_size;
        if (!std::in_range<std::size_t>(count) || static_cast<std::size_t>(count) != described) {
            storages.fail(key, "holds " + std::to_string(count) + " elements, but " +
                                   std::to_string(described) + " are described");
        }
        require(storages, key, position, storage.bytes);
        storages.set_place(*number, position);
        return position + storage.bytes;
    }

    void require(const TorchStorages& storages, std::string_view key, std::size_t position,
                 std::size_t bytes) const {
        if (bytes > file_.size() - position) {
            storages.fail(key, "needs " + std::to_string(bytes) + " bytes at " +
                                   std::to_string(position) + ", but the file ends at " +
                                   std::to_string(file_.size()));
        }
    }

    InputFile& file_;
    const PytorchOptions& options_;
    ByteBudget budget_;
    std::vector<std::byte> pickles_;
    PickleReader pickle_;
};

/// Reads the zip container.
class TorchZipReader {
public:
    /// @param size  of the archive, in bytes.
    TorchZipReader(const ZipFile& zip, std::size_t size, const PytorchOptions& options)
        : zip_(zip), options_(options), budget_(zip.path(), size, options.max_growth) {
        std::size_t index = 0;
        for (auto& name : zip.names()) add_member(std::move(name), index++);
        if (top_.empty()) fail("holds no TOP/data.pkl, so it is not a PyTorch checkpoint");
    }

    NamedArrays read() {
        check_byte_order();
        const std::string where = zip_.path() + ": data.pkl";
        const auto bytes = read_member(top_ + std::string(object_name), PickleReader::byte_limit);
        PickleReader pickle(bytes, where, torch_globals);
        const PickleValue object = pickle.read();
        TorchStorages storages(pickle.tree(), zip_.path());
        place_storages(storages);
        return read_torch_object(pickle, object, storages, zip_.path(), budget_, options_,
                                 [&](const TorchStorage& storage, std::span<std::byte> out) {
                                     unpack(*storage.place, place_of(storage.key), out);
                                 });
    }

private:
    static constexpr std::string_view object_name = "/data.pkl";

    void add_member(std::string name, std::size_t index) {
        if (members_.contains(name)) fail("member '" + escape_control(name) + "' stands twice");
        if (name.ends_with(object_name) && name.find('/') == name.size() - object_name.size()) {
            if (!top_.empty()) {
                fail("holds '" + escape_control(top_ + std::string(object_name)) + "' and '" +
                     escape_control(name) + "'");
            }
            top_ = name.substr(0, name.size() - object_name.size());
        }
        members_.insert(std::move(name), index);
    }

    /// Younger archives say their byte order; older ones are little-endian.
    void check_byte_order() const {
        const std::string name = top_ + "/byteorder";
        if (!members_.contains(name)) return;
        const auto bytes = read_member(name, 16);
        const std::string order(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (order != "little") {
            fail("has byte order '" + escape_control(order) + "', but only 'little' is read");
        }
    }

    void place_storages(TorchStorages& storages) const {
        for (std::size_t k = 0; k < storages.all().size(); ++k) {
            const TorchStorage& storage = storages[k];
            const std::size_t* index = members_.find(top_ + "/data/" + std::string(storage.key));
            if (index == nullptr) storages.fail(storage.key, "is missing");
            const std::size_t size =
                zip_.member_size(*index, place_of(storage.key), budget_.limit());
            if (size != storage.bytes) {
                storages.fail(storage.key, "holds " + std::to_string(size) + " bytes, but " +
                                               std::to_string(storage.bytes) + " are described");
            }
            storages.set_place(k, *index);
        }
    }

    std::vector<std::byte> read_member(const std::string& name, std::uint64_t limit) const {
        const std::size_t index = members_.at(name);
        const std::string where = zip_.path() + ": " + escape_control(name);
        std::vector<std::byte> bytes(
            zip_.member_size(index, where, std::min(limit, budget_.limit())));
        unpack(index, where, bytes);
        return bytes;
    }

    void unpack(std::size_t index, const std::string& where, std::span<std::byte> out) const {
        ZipMemberReader member = zip_.open(index, where);
        member.read(out);
        member.expect_end();
    }

    std::string place_of(std::string_view key) const {
        return zip_.path() + ": storage '" + escape_control(key) + "'";
    }

    [[noreturn]] void fail(const std::string& reason) const { throw_io_error(zip_.path(), reason); }

    const ZipFile& zip_;
    const PytorchOptions& options_;
    ByteBudget budget_;
    OrderedMap<std::size_t> members_;
    std::string top_;
};

/// Tells the containers apart. The file is opened as an archive only where it is one.
[[nodiscard]] inline NamedArrays read_pytorch(InputFile& file, const PytorchOptions& options,
                                              FunctionRef<ZipFile()> open_zip) {
    std::array<char, 2> start{};
    if (file.size() < start.size()) {
        throw_io_error(file.path(),
                       std::to_string(file.size()) + " bytes are too few for a checkpoint");
    }
    file.read(std::as_writable_bytes(std::span(start)));
    const std::string_view text(start.data(), start.size());
    if (text == "PK") {
        const ZipFile zip = open_zip();
        return TorchZipReader(zip, file.size(), options).read();
    }
    if (text[0] != '\x80') {
        throw_io_error(file.path(),
                       "is neither a zip archive nor a pickle, so it is not a PyTorch "
                       "checkpoint");
    }
    return TorchLegacyReader(file, options).read();
}

}  // namespace detail

/// Reads the state dict of a checkpoint that torch.save wrote, in either container and with pickle
/// protocol 2 to 4, as dense arrays in the order of the file. Nothing in the file is executed.
///
/// The state dict is the value of `options.entry`, or else the file's dictionary itself where a
/// tensor stands in it, or else the first dictionary under "model_state", "state_dict",
/// "model_state_dict" or "model", or else the file's dictionary. Tensors in dictionaries, lists and
/// tuples within it are named by their keys and places, joined by '.': "state.0.exp_avg". All other
/// values are skipped, and so is what stands under a key that is neither a text nor an integer.
///
/// @throws IoError when the file is damaged, is no checkpoint, holds no such entry, names a tensor
///         twice, has tensors of complex, quantised or 8-bit floating numbers or big-endian ones,
///         uses an opcode or a global name that plain tensors do not need, or grows beyond the
///         options' limit. The message says which.
[[nodiscard]] inline NamedArrays read_pytorch(const std::string& path,
                                              const PytorchOptions& options = {}) {
    InputFile file(path);
    return detail::read_pytorch(file, options, [&] { return detail::ZipFile(path); });
}

/// The same for a checkpoint in memory; `name` stands for the path in error messages.
[[nodiscard]] inline NamedArrays read_pytorch(std::span<const std::byte> bytes,
                                              const std::string& name,
                                              const PytorchOptions& options = {}) {
    InputFile file(bytes, name);
    return detail::read_pytorch(file, options, [&] { return detail::ZipFile(bytes, name); });
}

}  // namespace oldphoto

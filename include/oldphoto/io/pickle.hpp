#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/io/array.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Python pickles, protocols 2 to 4, as data. A pickle is a program for a stack machine; Python's
/// own machine calls whatever function the program names. This one calls nothing: it knows the
/// opcodes that build plain values, takes only the global names that it is given, and keeps a call
/// as the pair of its function's name and its arguments.
/// Source: CPython, Lib/pickletools.py, which describes every opcode.
namespace oldphoto::detail {

enum class PickleKind : unsigned char {
    none,
    boolean,
    integer,
    big_integer,  ///< beyond 64 bits
    real,
    text,
    bytes,
    list,
    tuple,
    dictionary,
    set,
    global,
    call,
    persistent,
    hole  ///< a place of the memo that nothing was put in
};

/// "a list"
[[nodiscard]] constexpr std::string_view to_string(PickleKind kind) {
    constexpr std::string_view names[] = {
        "None",   "a bool",        "an integer", "an integer",      "a real",
        "a text", "bytes",         "a list",     "a tuple",         "a dictionary",
        "a set",  "a global name", "a call",     "a persistent id", "a hole"};
    return names[static_cast<std::size_t>(kind)];
}

/// One value. It is small and holds no other: PickleTree does.
struct PickleValue {
    PickleKind kind = PickleKind::none;
    std::uint32_t length = 0;  ///< of what has characters
    std::int64_t number = 0;   ///< the bool or integer, or the place in the tree
};

using PickleItems = std::vector<PickleValue>;

/// What the values of a pickle consist of.
class PickleTree {
public:
    PickleTree(std::string_view text, std::span<const std::string_view> globals)
        : text_(text), globals_(globals) {}

    /// The characters of a text, of bytes, or of a big integer (two's complement, low byte first).
    [[nodiscard]] std::string_view text(PickleValue value) const {
        return text_.substr(static_cast<std::size_t>(value.number), value.length);
    }

    /// "module.name" of a global.
    [[nodiscard]] std::string_view global(PickleValue value) const { return globals_[at(value)]; }

    /// The items of a list, a tuple or a set; keys and values of a dictionary in turn; a call's
    /// global and its tuple of arguments.
    [[nodiscard]] const PickleItems& items(PickleValue value) const { return items_[at(value)]; }
    [[nodiscard]] PickleItems& items(PickleValue value) { return items_[at(value)]; }

    [[nodiscard]] PickleValue add_items(PickleKind kind, PickleItems items) {
        items_.push_back(std::move(items));
        return {kind, 0, std::ssize(items_) - 1};
    }

    /// What persistent ids stand for is known outside of the pickle; a persistent value's number
    /// is the place of its id here.
    [[nodiscard]] const PickleItems& persistent_ids() const { return persistent_ids_; }

    [[nodiscard]] PickleValue add_persistent(PickleValue id) {
        persistent_ids_.push_back(id);
        return {PickleKind::persistent, 0, std::ssize(persistent_ids_) - 1};
    }

private:
    static std::size_t at(PickleValue value) { return static_cast<std::size_t>(value.number); }

    std::string_view text_;
    std::span<const std::string_view> globals_;
    std::deque<PickleItems> items_;  // places in it do not move, so it grows without a copy
    PickleItems persistent_ids_;
};

enum class PickleOp : unsigned char {
    mark = '(',
    empty_tuple = ')',
    stop = '.',
    pop = '0',
    pop_mark = '1',
    binbytes = 'B',
    short_binbytes = 'C',
    binfloat = 'G',
    binint = 'J',
    binint1 = 'K',
    binint2 = 'M',
    none = 'N',
    binpersid = 'Q',
    reduce = 'R',
    binstring = 'T',
    short_binstring = 'U',
    binunicode = 'X',
    empty_list = ']',
    append = 'a',
    build = 'b',
    global = 'c',
    appends = 'e',
    binget = 'h',
    long_binget = 'j',
    binput = 'q',
    long_binput = 'r',
    setitem = 's',
    tuple = 't',
    setitems = 'u',
    empty_dict = '}',
    proto = 0x80,
    tuple1 = 0x85,
    tuple2 = 0x86,
    tuple3 = 0x87,
    newtrue = 0x88,
    newfalse = 0x89,
    long1 = 0x8A,
    long4 = 0x8B,
    short_binunicode = 0x8C,
    binunicode8 = 0x8D,
    binbytes8 = 0x8E,
    empty_set = 0x8F,
    additems = 0x90,
    frozenset = 0x91,
    stack_global = 0x93,
    memoize = 0x94,
    frame = 0x95
};

/// What an opcode that is not run is called: those that make objects, and those of other protocols.
[[nodiscard]] inline std::string forbidden_pickle_op(unsigned char code) {
    struct Name {
        unsigned char code;
        std::string_view text;
    };
    constexpr Name names[] = {{'2', "DUP"},          {'F', "FLOAT"},
                              {'I', "INT"},          {'L', "LONG"},
                              {'P', "PERSID"},       {'S', "STRING"},
                              {'V', "UNICODE"},      {'d', "DICT"},
                              {'g', "GET"},          {'i', "INST"},
                              {'l', "LIST"},         {'o', "OBJ"},
                              {'p', "PUT"},          {0x80, "PROTO"},
                              {0x81, "NEWOBJ"},      {0x82, "EXT1"},
                              {0x83, "EXT2"},        {0x84, "EXT4"},
                              {0x92, "NEWOBJ_EX"},   {0x96, "BYTEARRAY8"},
                              {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"}};
    for (const auto& name : names) {
        if (name.code == code) return std::string(name.text);
    }
    return std::to_string(code);
}

/// Reads the pickles that follow one another in some bytes. Whatever the bytes say, memory stays
/// within a hundred times their number, and nothing recurses.
class PickleReader {
public:
    /// Of more bytes than these the first are read. State dicts of a thousand tensors take 300 kB.
    static constexpr std::size_t byte_limit = std::size_t{1} << 24U;

    /// @param bytes    must outlive the reader.
    /// @param where    the path with which errors start.
    /// @param globals  the "module.name"s that may stand in the pickles; must outlive the reader.
    PickleReader(std::span<const std::byte> bytes, std::string where,
                 std::span<const std::string_view> globals)
        : text_(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), byte_limit)),
          where_(std::move(where)),
          globals_(globals),
          tree_(text_, globals) {}

    /// The value of the next pickle, which lives as long as the reader.
    /// @throws IoError when it is damaged, or uses a global name or an opcode that is forbidden.
    PickleValue read() {
        stack_.clear();
        marks_.clear();
        memo_.clear();
        read_protocol();
        while (run_next()) {
        }
        if (stack_.size() != 1 || !marks_.empty()) {
            fail("STOP with " + std::to_string(stack_.size()) + " values and " +
                 std::to_string(marks_.size()) + " marks on the stack");
        }
        return stack_.front();
    }

    [[nodiscard]] const PickleTree& tree() const noexcept { return tree_; }

    /// Bytes read so far.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

private:
    // Beyond what a pickler writes: it groups a thousand items, and recurses a thousand times.
    static constexpr std::size_t stack_limit = std::size_t{1} << 20U;
    static constexpr std::size_t mark_limit = 4096;
    static constexpr std::string_view ordered_dict = "collections.OrderedDict";

    void read_protocol() {
        op_begin_ = position_;
        if (take_number<unsigned char>() != static_cast<unsigned char>(PickleOp::proto)) {
            fail("a pickle of protocol 2 to 4 does not begin like this");
        }
        const auto protocol = take_number<std::uint8_t>();
        if (protocol < 2 || protocol > 4) {
            fail("pickle protocol " + std::to_string(protocol) + " is not 2 to 4");
        }
    }

    /// Runs one opcode; false after the last.
    bool run_next() {
        op_begin_ = position_;
        const auto op = static_cast<PickleOp>(take_number<unsigned char>());
        if (op == PickleOp::stop) return false;
        run(op);
        return true;
    }

    void run(PickleOp op) {
        switch (op) {
            case PickleOp::none:
                return push({});
            case PickleOp::newtrue:
                return push({PickleKind::boolean, 0, 1});
            case PickleOp::newfalse:
                return push({PickleKind::boolean, 0, 0});
            case PickleOp::binint:
                return push_integer(take_number<std::int32_t>());
            case PickleOp::binint1:
                return push_integer(take_number<std::uint8_t>());
            case PickleOp::binint2:
                return push_integer(take_number<std::uint16_t>());
            case PickleOp::long1:
                return push_long(take_number<std::uint8_t>());
            case PickleOp::long4:
                return push_long(take_signed_length());
            case PickleOp::binfloat:
                take(8);  // no reader asks for its value
                return push({PickleKind::real});
            case PickleOp::short_binunicode:
            case PickleOp::short_binstring:  // Python 2's texts, ASCII where they are names
                return push_text(PickleKind::text, take_number<std::uint8_t>());
            case PickleOp::binunicode:
                return push_text(PickleKind::text, take_number<std::uint32_t>());
            case PickleOp::binunicode8:
                return push_text(PickleKind::text, take_number<std::uint64_t>());
            case PickleOp::binstring:
                return push_text(PickleKind::text, take_signed_length());
            case PickleOp::short_binbytes:
                return push_text(PickleKind::bytes, take_number<std::uint8_t>());
            case PickleOp::binbytes:
                return push_text(PickleKind::bytes, take_number<std::uint32_t>());
            case PickleOp::binbytes8:
                return push_text(PickleKind::bytes, take_number<std::uint64_t>());
            case PickleOp::empty_tuple:
                return push_items(PickleKind::tuple, {});
            case PickleOp::tuple1:
                return push_items(PickleKind::tuple, take_values(1));
            case PickleOp::tuple2:
                return push_items(PickleKind::tuple, take_values(2));
            case PickleOp::tuple3:
                return push_items(PickleKind::tuple, take_values(3));
            case PickleOp::tuple:
                return push_items(PickleKind::tuple, take_to_mark());
            case PickleOp::frozenset:
                return push_items(PickleKind::set, take_to_mark());
            case PickleOp::empty_list:
                return push_items(PickleKind::list, {});
            case PickleOp::empty_dict:
                return push_items(PickleKind::dictionary, {});
            case PickleOp::empty_set:
                return push_items(PickleKind::set, {});
            case PickleOp::append:
                return extend(PickleKind::list, take_values(1));
            case PickleOp::appends:
                return extend(PickleKind::list, take_to_mark());
            case PickleOp::additems:
                return extend(PickleKind::set, take_to_mark());
            case PickleOp::setitem:
                return extend(PickleKind::dictionary, take_values(2));
            case PickleOp::setitems:
                return set_items(take_to_mark());
            case PickleOp::mark:
                return push_mark();
            case PickleOp::pop:
                (void)take_value();
                return;
            case PickleOp::pop_mark:
                (void)take_to_mark();
                return;
            case PickleOp::binput:
                return put(take_number<std::uint8_t>());
            case PickleOp::long_binput:
                return put(take_number<std::uint32_t>());
            case PickleOp::memoize:
                return put(memo_.size());
            case PickleOp::binget:
                return get(take_number<std::uint8_t>());
            case PickleOp::long_binget:
                return get(take_number<std::uint32_t>());
            case PickleOp::global:
                return push_global_of_lines();
            case PickleOp::stack_global:
                return push_global_of_texts();
            case PickleOp::reduce:
                return reduce();
            case PickleOp::build:
                return build();
            case PickleOp::binpersid:
                return push(tree_.add_persistent(take_value()));
            case PickleOp::frame:
                return check_frame(take_number<std::uint64_t>());
            case PickleOp::stop:
            case PickleOp::proto:
                break;
        }
        fail("opcode " + forbidden_pickle_op(static_cast<unsigned char>(op)) + " is forbidden");
    }

    // What the bytes hold.

    std::string_view take(std::uint64_t count) {
        if (count > text_.size() - position_) {
            fail("needs " + std::to_string(count) + " bytes at " + std::to_string(position_) +
                 ", but reading ends at " + std::to_string(text_.size()));
        }
        const std::string_view taken = text_.substr(position_, static_cast<std::size_t>(count));
        position_ += taken.size();
        return taken;
    }

    template <class Number>
    Number take_number() {
        Number number{};
        std::memcpy(&number, take(sizeof(Number)).data(), sizeof(Number));
        return number;
    }

    std::uint64_t take_signed_length() {
        const auto length = take_number<std::int32_t>();
        if (length < 0) fail("length " + std::to_string(length) + " is negative");
        return static_cast<std::uint64_t>(length);
    }

    std::string_view take_line() {
        const std::size_t length = text_.substr(position_).find('\n');
        if (length == std::string_view::npos) fail("a name does not end");
        const std::string_view line = take(length);
        take(1);
        return line;
    }

    /// A frame says how many bytes may be read at once; here all are at hand.
    void check_frame(std::uint64_t length) {
        if (length > text_.size() - position_) {
            fail("a frame of " + std::to_string(length) + " bytes, but reading ends at " +
                 std::to_string(text_.size()));
        }
    }

    // The stack and the memo.

    void push(PickleValue value) {
        if (stack_.size() == stack_limit) {
            fail("more than " + std::to_string(stack_limit) + " values on the stack");
        }
        stack_.push_back(value);
    }

    void push_integer(std::int64_t number) { push({PickleKind::integer, 0, number}); }

    void push_text(PickleKind kind, std::uint64_t length) {
        const std::string_view text = take(length);
        push({kind, static_cast<std::uint32_t>(text.size()), text.data() - text_.data()});
    }

    /// Two's complement, low byte first, in as few bytes as hold it.
    void push_long(std::uint64_t length) {
        if (length > sizeof(std::int64_t)) return push_text(PickleKind::big_integer, length);
        const std::string_view text = take(length);
        const bool negative = !text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U);
        std::int64_t number = negative ? -1 : 0;
        std::memcpy(&number, text.data(), text.size());
        push_integer(number);
    }

    void push_items(PickleKind kind, PickleItems items) {
        push(tree_.add_items(kind, std::move(items)));
    }

    void push_mark() {
        if (marks_.size() == mark_limit) {
            fail("more than " + std::to_string(mark_limit) + " marks on the stack");
        }
        marks_.push_back(stack_.size());
    }

    /// Values below the last mark are out of reach.
    void require_values(std::size_t count) const {
        if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < count) {
            fail("takes a value from an empty stack");
        }
    }

    PickleValue top() const {
        require_values(1);
        return stack_.back();
    }

    PickleValue take_value() {
        const PickleValue value = top();
        stack_.pop_back();
        return value;
    }

    PickleItems take_values(std::size_t count) {
        require_values(count);
        const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(count);
        PickleItems values(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        return values;
    }

    PickleItems take_to_mark() {
        if (marks_.empty()) fail("takes values down to a mark, but there is none");
        const std::size_t mark = marks_.back();
        marks_.pop_back();
        return take_values(stack_.size() - mark);
    }

    /// Picklers number what they put from 0, or Python 2's from 1, without a gap.
    void put(std::size_t index) {
        const PickleValue value = top();
        if (index > memo_.size() + 1) {
            fail("puts into the memo at " + std::to_string(index) + ", which holds " +
                 std::to_string(memo_.size()));
        }
        if (index >= memo_.size()) memo_.resize(index + 1, {PickleKind::hole});
        memo_[index] = value;
    }

    void get(std::size_t index) {
        if (index >= memo_.size() || memo_[index].kind == PickleKind::hole) {
            fail("gets " + std::to_string(index) + " from the memo, where nothing was put");
        }
        push(memo_[index]);
    }

    // Containers. A list may hold itself, so that who walks through values must expect circles.

    void extend(PickleKind kind, const PickleItems& added) {
        const PickleValue target = top();
        if (target.kind != kind) {
            fail("adds to " + std::string(to_string(kind)) + ", but finds " +
                 std::string(to_string(target.kind)));
        }
        PickleItems& items = tree_.items(target);
        items.insert(items.end(), added.begin(), added.end());
    }

    void set_items(const PickleItems& added) {
        if (added.size() % 2 != 0) fail("a key has no value");
        extend(PickleKind::dictionary, added);
    }

    // Names and calls.

    void push_global_of_lines() {
        const std::string_view module_name = take_line();
        push_global(module_name, take_line());
    }

    void push_global_of_texts() {
        const PickleItems names = take_values(2);
        for (const PickleValue name : names) {
            if (name.kind != PickleKind::text) {
                fail("names a global by " + std::string(to_string(name.kind)));
            }
        }
        push_global(tree_.text(names[0]), tree_.text(names[1]));
    }

    void push_global(std::string_view module_name, std::string_view name) {
        const std::string full = std::string(module_name) + "." + std::string(name);
        const auto place = std::find(globals_.begin(), globals_.end(), full);
        if (place == globals_.end()) fail("global '" + escape_control(full) + "' is forbidden");
        push({PickleKind::global, 0, place - globals_.begin()});
    }

    void reduce() {
        const PickleItems call = take_values(2);
        if (call[0].kind != PickleKind::global) {
            fail("REDUCE of " + std::string(to_string(call[0].kind)) + " is forbidden");
        }
        if (call[1].kind != PickleKind::tuple) {
            fail("REDUCE with " + std::string(to_string(call[1].kind)) + " for arguments");
        }
        if (tree_.global(call[0]) == ordered_dict) {
            push_items(PickleKind::dictionary, ordered_dict_of(tree_.items(call[1])));
        } else {
            push_items(PickleKind::call, call);
        }
    }

    /// Python 3 calls OrderedDict(), Python 2 OrderedDict([[key, value], ...]).
    PickleItems ordered_dict_of(const PickleItems& arguments) {
        PickleItems items;
        if (arguments.empty()) return items;
        if (arguments.size() != 1 || arguments[0].kind != PickleKind::list) {
            fail("OrderedDict takes a list or nothing");
        }
        for (const PickleValue pair : tree_.items(arguments[0])) {
            if (pair.kind != PickleKind::list && pair.kind != PickleKind::tuple) {
                fail("OrderedDict takes pairs, but finds " + std::string(to_string(pair.kind)));
            }
            const PickleItems& entry = tree_.items(pair);
            if (entry.size() != 2) fail("OrderedDict takes pairs");
            items.insert(items.end(), entry.begin(), entry.end());
        }
        count_copies(items.size());
        return items;
    }

    /// Every other opcode moves values that the pickle paid a byte for; a copy of a list costs
    /// nothing, and a pickle could ask for any number of them.
    void count_copies(std::size_t count) {
        copies_ += count;
        if (copies_ > text_.size()) fail("OrderedDict copies more values than there are bytes");
    }

    /// An OrderedDict's attributes, such as a state dict's _metadata, are dropped.
    void build() {
        (void)take_value();
        if (top().kind != PickleKind::dictionary) {
            fail("BUILD of " + std::string(to_string(top().kind)) + " is forbidden");
        }
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw_io_error(where_, "byte " + std::to_string(op_begin_) + ": " + reason);
    }

    std::string_view text_;
    std::string where_;
    std::span<const std::string_view> globals_;
    PickleTree tree_;
    PickleItems stack_;
    std::vector<std::size_t> marks_;
    PickleItems memo_;
    std::size_t position_ = 0;
    std::size_t op_begin_ = 0;
    std::size_t copies_ = 0;
};

}  // namespace oldphoto::detail

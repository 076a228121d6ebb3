#pragma once

#include <oldphoto/autograd/program.hpp>
#include <oldphoto/core/table.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A recorded program for the eye: to_text() as a table, to_svg() as a drawing.
namespace oldphoto {

namespace detail {

/// "0.0771", or "-" for nothing at all.
inline std::string format_amount(double amount, int digits) {
    if (amount == 0) return "-";
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, amount);
    return text;
}

inline std::string format_gflop(const Cost& cost) {
    return format_amount(cost.operations / 1e9, 4);
}
inline std::string format_megabytes(const Cost& cost) {
    return format_amount(cost.bytes / 1e6, 2);
}

/// "halo 1, scale 0.5"; empty for an op that reads nothing but its own pixel.
inline std::string format_window(const Window& window) {
    if (window.global) return "global";
    std::string text = window.halo == 0 ? "" : "halo " + std::to_string(window.halo);
    if (window.scale == 1) return text;
    char scale[64];
    std::snprintf(scale, sizeof scale, "scale %g", window.scale);
    return text + (text.empty() ? "" : ", ") + scale;
}

/// The extents with multiplication signs between them, or "1" for a single number.
inline std::string join_dims(const std::vector<Index>& dims) {
    std::string text;
    for (const Index dim : dims) {
        if (!text.empty()) text += " \u00D7 ";
        text += std::to_string(dim);
    }
    return text.empty() ? "1" : text;
}

inline Index count_elements(const std::vector<Index>& dims) {
    Index count = 1;
    for (const Index dim : dims) count *= dim;
    return count;
}

/// A program with values by number: first what it is given, then what its steps compute.
struct ProgramOutline {
    struct Value {
        std::string name;   ///< "x0" for what is given, the op's name for a step
        std::string label;  ///< how its readers refer to it: "x0", "17"
        std::vector<Index> dims;
        const Step* step = nullptr;                 ///< null for what is given
        std::vector<std::size_t> reads{};           ///< earlier values
        std::vector<std::vector<Index>> weights{};  ///< dims of the parameters it reads
    };

    std::vector<Value> values;
    Index parameters = 0;
    Cost cost;
};

/// Numbers the values of a program. Parameters that are read twice count once, and those without
/// elements, which an op was called without, not at all.
class OutlineBuilder {
public:
    explicit OutlineBuilder(const Program& program) : program_(program) {
        for (const Step& step : program.steps()) marks_[step.output.get()].computed = true;
    }

    [[nodiscard]] ProgramOutline build() {
        for (const Step& step : program_.steps()) {
            for (const auto& input : step.inputs) add_given(input.get());
        }
        for (const Step& step : program_.steps()) {
            add_step(step, std::to_string(steps_++));
            outline_.cost.operations += step.cost.operations;
            outline_.cost.bytes += step.cost.bytes;
        }
        return std::move(outline_);
    }

private:
    /// What is known of a value of the program.
    struct Mark {
        bool computed = false;  ///< by a step
        bool counted = false;   ///< among the parameters
        bool numbered = false;
        std::size_t number = 0;
    };

    [[nodiscard]] bool is_parameter(const NodeBase* node) {
        return node->requires_grad && !marks_[node].computed;
    }
    [[nodiscard]] static bool is_absent(const NodeBase* node) {
        return count_elements(node->dims()) == 0;
    }

    void add_given(const NodeBase* node) {
        const Mark& mark = marks_[node];
        if (mark.numbered || mark.computed || is_parameter(node) || is_absent(node)) return;
        const std::string name = "x" + std::to_string(outline_.values.size());
        add(node, {name, name, node->dims()});
    }

    void add_step(const Step& step, const std::string& label) {
        ProgramOutline::Value value{step.name, label, step.output->dims(), &step};
        for (const auto& input : step.inputs) {
            const NodeBase* node = input.get();
            if (is_absent(node)) continue;
            if (is_parameter(node)) {
                value.weights.push_back(node->dims());
                if (!std::exchange(marks_[node].counted, true)) {
                    outline_.parameters += count_elements(node->dims());
                }
            } else {
                value.reads.push_back(marks_[node].number);
            }
        }
        add(step.output.get(), std::move(value));
    }

    void add(const NodeBase* node, ProgramOutline::Value value) {
        marks_[node].numbered = true;
        marks_[node].number = outline_.values.size();
        outline_.values.push_back(std::move(value));
    }

    const Program& program_;
    ProgramOutline outline_;
    std::size_t steps_ = 0;
    std::map<const NodeBase*, Mark> marks_;
};

/// "5 steps, 120 parameters, 0.0771 GFLOP, 1.20 MB moved"
inline std::string format_totals(const Program& program, const ProgramOutline& outline) {
    return std::to_string(program.steps().size()) + " steps, " +
           std::to_string(outline.parameters) + " parameters, " + format_gflop(outline.cost) +
           " GFLOP, " + format_megabytes(outline.cost) + " MB moved";
}

}  // namespace detail

/// A step a line: its number, op, the numbers of the steps that it reads (x0, x1 ... is what the
/// program was given), the shapes of its parameters and of its output, operations (a multiply-add
/// is two), bytes moved, and its window. What costs "-" is done by the step that reads it. The last
/// line holds the totals.
[[nodiscard]] inline std::string to_text(const Program& program) {
    const auto outline = detail::OutlineBuilder(program).build();
    std::vector<TableRow> rows{
        {"step", "op", "reads", "parameters", "output", "GFLOP", "MB", "window"}};
    for (const auto& value : outline.values) {
        if (value.step == nullptr) continue;
        std::string reads;
        for (const std::size_t read : value.reads) {
            reads += (reads.empty() ? "" : ", ") + outline.values[read].label;
        }
        std::string weights;
        for (const auto& dims : value.weights) {
            weights += (weights.empty() ? "" : " ") + format_dims(dims);
        }
        rows.push_back({value.label, value.name, reads, weights, format_dims(value.dims),
                        detail::format_gflop(value.step->cost),
                        detail::format_megabytes(value.step->cost),
                        detail::format_window(value.step->window)});
    }
    return format_table(rows, "rllllrrl") + detail::format_totals(program, outline) + '\n';
}

namespace detail {

/// What an op is to the eye.
struct OpKind {
    std::string_view name;
    std::string_view fill;
    std::string_view stroke;
};

inline constexpr OpKind given_kind{"input", "#ffffff", "#5f6773"};
inline constexpr OpKind other_kind{"other", "#f3f0ff", "#7457c2"};
inline constexpr OpKind linear_kind{"convolution", "#d9e8ff", "#2f6fca"};
inline constexpr OpKind norm_kind{"norm", "#ffe9c7", "#c47a11"};
inline constexpr OpKind activation_kind{"activation", "#d9f2dc", "#2e8b45"};
inline constexpr OpKind sum_kind{"sum", "#ffdbe4", "#c93a63"};
inline constexpr OpKind padding_kind{"padding", "#eceff3", "#8a93a0"};

inline const OpKind& kind_of(const ProgramOutline::Value& value) {
    struct Named {
        std::string_view op;
        const OpKind& kind;
    };
    static constexpr Named kinds[] = {
        {"conv2d", linear_kind},
        {"conv_transpose2d", linear_kind},
        {"linear", linear_kind},
        {"matmul", linear_kind},
        {"instance_norm", norm_kind},
        {"batch_norm", norm_kind},
        {"relu", activation_kind},
        {"leaky_relu", activation_kind},
        {"tanh", activation_kind},
        {"sigmoid", activation_kind},
        {"softmax", activation_kind},
        {"log_softmax", activation_kind},
        {"add", sum_kind},
        {"subtract", sum_kind},
        {"pad", padding_kind},
    };
    if (value.step == nullptr) return given_kind;
    for (const auto& [op, kind] : kinds) {
        if (op == value.name) return kind;
    }
    return other_kind;
}

/// Writes the elements of one picture. Sizes are in pixels.
class SvgWriter {
public:
    struct TextStyle {
        int size = 12;
        std::string_view color = "#5f6773";
        std::string_view anchor = "start";
        bool bold = false;
    };

    void rect(int x, int y, int width, int height, int radius, std::string_view fill,
              std::string_view stroke) {
        body_ += "<rect" + number("x", x) + number("y", y) + number("width", width) +
                 number("height", height) + number("rx", radius) + quoted("fill", fill) +
                 quoted("stroke", stroke) + "/>\n";
    }
    void text(int x, int y, std::string_view words, const TextStyle& style) {
        body_ += "<text" + number("x", x) + number("y", y) + number("font-size", style.size) +
                 quoted("fill", style.color) + quoted("text-anchor", style.anchor) +
                 (style.bold ? quoted("font-weight", "bold") : "") + ">" + escaped(words) +
                 "</text>\n";
    }
    /// @param path  in the drawing commands of SVG.
    void arrow(const std::string& path, std::string_view color) {
        body_ += "<path" + quoted("d", path) + quoted("stroke", color) +
                 " fill=\"none\" stroke-width=\"1.5\" marker-end=\"url(#tip)\"/>\n";
    }

    /// The whole file.
    [[nodiscard]] std::string finish(int width, int height) const {
        return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + number("width", width) +
               number("height", height) +
               quoted("viewBox", "0 0 " + std::to_string(width) + " " + std::to_string(height)) +
               " font-family=\"Helvetica, Arial, sans-serif\">\n"
               "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
               "markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">"
               "<path d=\"M0 0L8 4L0 8z\" fill=\"#5f6773\"/></marker></defs>\n"
               "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" +
               body_ + "</svg>\n";
    }

private:
    static std::string quoted(std::string_view name, std::string_view value) {
        return " " + std::string(name) + "=\"" + std::string(value) + "\"";
    }
    static std::string number(std::string_view name, int value) {
        return quoted(name, std::to_string(value));
    }
    static std::string escaped(std::string_view words) {
        std::string text;
        for (const char c : words) {
            if (c == '<') {
                text += "&lt;";
            } else if (c == '&') {
                text += "&amp;";
            } else {
                text += c;
            }
        }
        return text;
    }

    std::string body_;
};

/// Draws an outline: boxes in the order of execution, one below the other. An arrow goes straight
/// to the next box, or through a lane at the right to one further down.
class ProgramDrawing {
public:
    ProgramDrawing(const ProgramOutline& outline, std::string_view title, std::string_view totals)
        : values_(outline.values) {
        for (const auto& value : values_) {
            if (value.step == nullptr) continue;
            largest_cost_ = std::max(largest_cost_, value.step->cost.operations);
        }
        draw_header(title, totals);
        for (std::size_t k = 0; k < values_.size(); ++k) draw_box(k);
        for (std::size_t k = 0; k < values_.size(); ++k) draw_arrows_into(k);
    }

    [[nodiscard]] std::string finish() const {
        const int width = std::max(lane_x(lane_ends_.size()) + margin, legend_right_);
        return svg_.finish(width, top_of(values_.size()) + margin);
    }

private:
    static constexpr int margin = 24;
    static constexpr int header = 104;
    static constexpr int box_left = 190;
    static constexpr int box_width = 380;
    static constexpr int box_right = box_left + box_width;
    static constexpr int box_height = 28;
    static constexpr int gap = 24;
    static constexpr int bar_width = 84;
    static constexpr int legend_step = 96;
    static constexpr int lane_width = 16;
    static constexpr std::string_view line_color = "#5f6773";
    static constexpr std::string_view skip_color = "#c93a63";

    static int top_of(std::size_t k) { return header + static_cast<int>(k) * (box_height + gap); }
    static int middle_of(std::size_t k) { return top_of(k) + box_height / 2; }
    static int lane_x(std::size_t lane) {
        return box_right + lane_width * (static_cast<int>(lane) + 1);
    }

    void draw_header(std::string_view title, std::string_view totals) {
        svg_.text(margin, 38, title, {22, "#1d232b", "start", true});
        svg_.text(margin, 60, totals, {13});
        int x = margin;
        for (const OpKind* kind : {&given_kind, &linear_kind, &norm_kind, &activation_kind,
                                   &padding_kind, &sum_kind, &other_kind}) {
            const auto is_of_kind = [&](const auto& value) { return &kind_of(value) == kind; };
            if (std::none_of(values_.begin(), values_.end(), is_of_kind)) continue;
            svg_.rect(x, 74, 12, 12, 3, kind->fill, kind->stroke);
            svg_.text(x + 17, 84, kind->name, {12});
            x += legend_step;
        }
        legend_right_ = x;
    }

    void draw_box(std::size_t k) {
        const auto& value = values_[k];
        const OpKind& kind = kind_of(value);
        const int baseline = middle_of(k) + 4;
        svg_.rect(box_left, top_of(k), box_width, box_height,
                  value.step == nullptr ? box_height / 2 : 6, kind.fill, kind.stroke);
        svg_.text(box_left + 12, baseline, value.name, {13, "#1d232b", "start", true});
        if (value.step != nullptr) {
            svg_.text(box_left - 10, baseline, value.label, {12, "#9aa2ad", "end"});
            svg_.text(box_right - 12, baseline, notes_of(value), {11, "#4a525d", "end"});
            draw_cost(value.step->cost, k);
        }
        svg_.text(box_left + box_width / 2 + 10, top_of(k) + box_height + 16, join_dims(value.dims),
                  {11});
    }

    /// The step's operations, underlined by a bar whose length compares them with those of others.
    void draw_cost(const Cost& cost, std::size_t k) {
        const int right = box_left - 40;
        const double share = largest_cost_ > 0 ? cost.operations / largest_cost_ : 0;
        const int width = static_cast<int>(share * bar_width);
        if (width < 1) return;
        svg_.text(right, middle_of(k) + 1, format_gflop(cost) + " GFLOP", {10, "#4a525d", "end"});
        svg_.rect(right - width, middle_of(k) + 6, width, 5, 2, "#8fb6ee", "none");
    }

    static std::string notes_of(const ProgramOutline::Value& value) {
        std::string notes;
        if (!value.weights.empty()) notes = join_dims(value.weights[0]);
        const std::string window = format_window(value.step->window);
        if (!notes.empty() && !window.empty()) notes += "  \u00B7  ";
        return notes + window;
    }

    void draw_arrows_into(std::size_t k) {
        const auto& reads = values_[k].reads;
        for (std::size_t from = 0; from < k; ++from) {
            if (std::find(reads.begin(), reads.end(), from) == reads.end()) continue;
            if (from + 1 == k) {
                const std::string x = std::to_string(box_left + box_width / 2);
                svg_.arrow("M" + x + " " + std::to_string(top_of(from) + box_height) + "V" +
                               std::to_string(top_of(k)),
                           line_color);
            } else {
                draw_skip(from, k);
            }
        }
    }

    void draw_skip(std::size_t from, std::size_t to) {
        constexpr int bend = 8;
        const int x = lane_x(free_lane(from, to));
        const int top = middle_of(from) + 6;
        const int bottom = middle_of(to) - 6;
        const auto point = [](int px, int py) {
            return std::to_string(px) + " " + std::to_string(py);
        };
        svg_.arrow("M" + point(box_right, top) + "H" + std::to_string(x - bend) + "Q" +
                       point(x, top) + " " + point(x, top + bend) + "V" +
                       std::to_string(bottom - bend) + "Q" + point(x, bottom) + " " +
                       point(x - bend, bottom) + "H" + std::to_string(box_right),
                   skip_color);
    }

    /// The first lane in which no other arrow runs beside these boxes.
    std::size_t free_lane(std::size_t from, std::size_t to) {
        std::size_t lane = 0;
        while (lane < lane_ends_.size() && lane_ends_[lane] > from) ++lane;
        if (lane == lane_ends_.size()) lane_ends_.push_back(0);
        lane_ends_[lane] = to;
        return lane;
    }

    const std::vector<ProgramOutline::Value>& values_;
    double largest_cost_ = 0;
    int legend_right_ = 0;
    std::vector<std::size_t> lane_ends_;
    SvgWriter svg_;
};

}  // namespace detail

/// The program as an SVG picture: a box a step from top to bottom, coloured by kind, with its
/// parameters and window in it and its share of the operations beside it; the shape of each value
/// below its box; arrows from what is computed to what reads it. The header holds the totals.
/// @param title  stands at the top.
[[nodiscard]] inline std::string to_svg(const Program& program,
                                        std::string_view title = "Program") {
    const auto outline = detail::OutlineBuilder(program).build();
    return detail::ProgramDrawing(outline, title, detail::format_totals(program, outline)).finish();
}

}  // namespace oldphoto

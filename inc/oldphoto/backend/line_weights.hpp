#pragma once

#include <oldphoto/backend/line_windows.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace oldphoto {

/// A linear map from a line of pixels to another: for each output a list of places and weights.
/// One for each axis of a picture says all about a resampling or an average pooling; transposed
/// they are its adjoint.
class LineWeights {
public:
    struct Term {
        Index place;
        double weight;
    };

    /// @param terms_of  terms_of(o, add) calls add(place, weight) for every term of output o.
    template <class TermsOf>
    LineWeights(Index inputs, Index outputs, const TermsOf& terms_of) : inputs_(inputs) {
        begins_.reserve(static_cast<std::size_t>(outputs) + 1);
        for (Index o = 0; o < outputs; ++o) {
            terms_of(o, [&](Index place, double weight) { terms_.push_back({place, weight}); });
            begins_.push_back(terms_.size());
        }
    }

    [[nodiscard]] Index inputs() const noexcept { return inputs_; }
    [[nodiscard]] Index outputs() const noexcept { return static_cast<Index>(begins_.size()) - 1; }

    [[nodiscard]] std::span<const Term> operator[](Index o) const { return terms(o, o + 1); }

    /// The shortest stretch of inputs that outputs [begin, end) need.
    [[nodiscard]] Stretch needed(Index begin, Index end) const {
        Stretch stretch{inputs_, 0};
        for (const Term& term : terms(begin, end)) {
            stretch.begin = std::min(stretch.begin, term.place);
            stretch.end = std::max(stretch.end, term.place + 1);
        }
        return stretch.length() < 0 ? Stretch{0, 0} : stretch;
    }

    /// The map with weights [place][o] in place of [o][place].
    [[nodiscard]] LineWeights transposed() const {
        std::vector<std::vector<Term>> columns(static_cast<std::size_t>(inputs_));
        for (Index o = 0; o < outputs(); ++o) {
            for (const Term& term : (*this)[o]) {
                columns[static_cast<std::size_t>(term.place)].push_back({o, term.weight});
            }
        }
        return LineWeights(outputs(), inputs_, [&](Index place, const auto& add) {
            for (const Term& term : columns[static_cast<std::size_t>(place)]) {
                add(term.place, term.weight);
            }
        });
    }

private:
    [[nodiscard]] std::span<const Term> terms(Index begin, Index end) const {
        const auto first = begins_[static_cast<std::size_t>(begin)];
        return std::span(terms_).subspan(first, begins_[static_cast<std::size_t>(end)] - first);
    }

    Index inputs_;
    std::vector<Term> terms_;
    std::vector<std::size_t> begins_{0};  // of each output's terms, and the end of the last
};

}  // namespace oldphoto

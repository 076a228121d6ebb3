#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/backend/attention_rule.hpp>

#include <string>

namespace oldphoto {

struct AttentionOptions {
    double temperature = 1;   ///< what products are divided by; > 0
    bool renormalize = true;  ///< whether what gates leave of the weights adds up to 1 again
    bool use_self = false;    ///< whether a query sees the key at its own place ungated
};

/// y_i = sum over keys j of w_ij v_j, columns of y and v; for w and s see
/// backend/attention_rule.hpp. With g_i = dL/dy_i, c_ij = g_i . v_j, m_i = g_i . y_i and the
/// softmax a_ij of s_ij over all keys,
///
///     dL/dv_j = sum over i of w_ij g_i
///     dL/dq_i = scale * sum over j of (dL/ds_ij) k_j
///     dL/dk_j = scale * sum over i of (dL/ds_ij) q_i
///     dL/ds_ij = w_ij (c_ij - m_i)         softmax, renormalised
///     dL/ds_ij = w_ij c_ij - a_ij m_i      softmax, not so, or divided by 1e-12
///     dL/ds_ij = c_ij / K where s_ij > 0   relu
///
/// Backward computes the weights again, from three numbers that are kept for each query. Neither
/// way holds a matrix of queries and keys.
template <class T, class B>
struct AttentionOp {
    static constexpr const char* name = "attention";
    AttentionRule rule;
    Tensor<T, 2, B> gate{};  ///< (N, K), or empty: no gates

    Tensor<T, 3, B> y{};     ///< kept for backward
    Tensor<T, 3, B> rows{};  ///< of each query, kept for backward

    Tensor<T, 3, B> forward(const Tensor<T, 3, B>& q, const Tensor<T, 3, B>& k,
                            const Tensor<T, 3, B>& v) {
        check(q.shape(), k.shape(), v.shape());
        y = Tensor<T, 3, B>::uninitialized({q.dim(0), v.dim(1), q.dim(2)});
        rows = Tensor<T, 3, B>::uninitialized({3, q.dim(0), q.dim(2)});
        // Tokens grow with the picture either way.
        tell_kernel({q.dim(2), 1}, [&](Index tall, Index wide) {
            const Index queries = tall * wide;
            const Index keys = queries * k.dim(2) / q.dim(2);
            return B::template attention_memory<T>({q.dim(0), q.dim(1), queries},
                                                   {v.dim(0), v.dim(1), keys});
        });
        monitored(Work::pairs, cost(y.shape(), q.shape(), k.shape(), v.shape()).operations, [&] {
            B::attention(rule, QueryKeyValue<T>{q.view(), k.view(), v.view()}, gate.data(),
                         y.view(), rows.view());
        });
        return y;
    }
    auto backward(const Tensor<T, 3, B>& gy, const Tensor<T, 3, B>& q, const Tensor<T, 3, B>& k,
                  const Tensor<T, 3, B>& v) const {
        auto gq = Tensor<T, 3, B>::uninitialized(q.shape());
        auto gk = Tensor<T, 3, B>::uninitialized(k.shape());
        auto gv = Tensor<T, 3, B>::uninitialized(v.shape());
        B::attention_gradients(rule, QueryKeyValue<T>{q.view(), k.view(), v.view()}, gate.data(),
                               y.view(), rows.view(), gy.as_contiguous().view(),
                               QueryKeyValue<T>{gq.view(), gk.view(), gv.view()});
        return std::tuple{gq, gk, gv};
    }

    [[nodiscard]] static Window window(const Shape<3>&, const Shape<3>&, const Shape<3>&,
                                       const Shape<3>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<3>& y, const Shape<3>& q, const Shape<3>& k,
                                   const Shape<3>& v) {
        const auto pairs = static_cast<double>(q[0] * q[2] * k[2]);
        return {2 * pairs * static_cast<double>(q[1] + v[1]),
                4 * static_cast<double>(q.size() + k.size() + v.size() + y.size())};
    }

private:
    void check(const Shape<3>& q, const Shape<3>& k, const Shape<3>& v) const {
        const auto require = [&](bool holds, const char* rule_text) {
            if (holds) return;
            throw_shape_error(name, rule_text,
                              {{"q (N, D, Q)", dims_of(q)},
                               {"k (N, D, K)", dims_of(k)},
                               {"v (N, C, K)", dims_of(v)}});
        };
        require(q[0] == k[0] && k[0] == v[0], "batches must be equal");
        require(q[1] == k[1], "queries and keys must have as many channels");
        require(k[2] == v[2], "there must be as many values as keys");
        require(k[2] > 0, "there must be a key");
        require(!rule.use_self || q[2] == k[2], "use_self asks for as many keys as queries");
        if (!gate.empty() && !(gate.shape() == Shape<2>{k[0], k[2]})) {
            throw_shape_error(
                name, "there must be a gate for each key",
                {{"gate (N, K)", dims_of(gate.shape())}, {"k (N, D, K)", dims_of(k)}});
        }
    }
};

namespace detail {

template <TrackedExpr Q, TrackedExpr K, TrackedExpr V>
[[nodiscard]] auto attend(const AttentionRule& rule,
                          const Tensor<typename Q::value_type, 2, typename Q::backend_type>& gate,
                          const Q& q, const K& k, const V& v) {
    static_assert(
        Q::rank == 3 && K::rank == 3 && V::rank == 3,
        "attention: expected queries (N, D, Q), keys (N, D, K) and values (N, C, K), rank "
        "3; bring the tokens of a picture to one axis with reshape()");
    using Op = AttentionOp<typename Q::value_type, typename Q::backend_type>;
    return apply(Op{rule, gate}, q, k, v);
}

/// @throws OptionError
[[nodiscard]] inline AttentionRule softmax_rule(const AttentionOptions& o) {
    require_option(o.temperature > 0, "attention", "temperature must be positive", o.temperature);
    return {AttentionKind::softmax, 1 / o.temperature, o.renormalize, o.use_self};
}

}  // namespace detail

/// The mean of values, weighed by the softmax of (query . key) / temperature over all keys.
/// @param q  (N, D, Q)
/// @param k  (N, D, K)
/// @param v  (N, C, K)
/// @return   (N, C, Q)
/// @throws ShapeError, OptionError
/// @see Vaswani et al., "Attention is all you need", 2017; Rabe and Staats, "Self-attention does
///      not need O(n^2) memory", 2021.
template <TrackedExpr Q, TrackedExpr K, TrackedExpr V>
[[nodiscard]] auto attention(const Q& q, const K& k, const V& v, double temperature = 1) {
    return detail::attend(detail::softmax_rule({.temperature = temperature}), {}, q, k, v);
}

/// The same with gates, which weights are multiplied by. Where the gates leave less than 1e-12 of a
/// query's weights, renormalising stops at division by that: with all gates closed y is zero.
/// @param gate  (N, K), in [0, 1]; a constant, into which no gradient flows
/// @throws ShapeError, OptionError
template <TrackedExpr Q, TrackedExpr K, TrackedExpr V>
[[nodiscard]] auto gated_attention(
    const Q& q, const K& k, const V& v,
    const Tensor<typename Q::value_type, 2, typename Q::backend_type>& gate,
    const AttentionOptions& o = {}) {
    return detail::attend(detail::softmax_rule(o), gate.as_contiguous(), q, k, v);
}

/// The sum of values, each times max(query . key, 0), over the number of keys.
/// @param q  (N, D, Q)
/// @param k  (N, D, K)
/// @param v  (N, C, K)
/// @return   (N, C, Q)
/// @throws ShapeError
template <TrackedExpr Q, TrackedExpr K, TrackedExpr V>
[[nodiscard]] auto relu_attention(const Q& q, const K& k, const V& v) {
    return detail::attend({.kind = AttentionKind::relu}, {}, q, k, v);
}

}  // namespace oldphoto

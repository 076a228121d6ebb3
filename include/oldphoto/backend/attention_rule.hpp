#pragma once

#include <oldphoto/backend/view.hpp>

namespace oldphoto {

/// How attention turns the product of a query and a key into a weight.
enum class AttentionKind {
    softmax,  ///< exp(s), divided by a sum over the keys
    relu,     ///< max(s, 0), divided by the number of keys
};

/// What attention computes: y_i, a sum of w_ij v_j over the keys j, from s_ij = scale (q_i . k_j)
/// and the gates g_ij of the keys.
///
///     softmax:  w_ij = p_ij / max(sum over l of p_il, 1e-12) with renormalize, else p_ij
///               p_ij = g_ij exp(s_ij) / sum over l of exp(s_il)
///     relu:     w_ij = max(s_ij, 0) / K
///
/// g_ij = gate[j], or 1 where use_self and i = j. Kind relu has neither gates nor the two switches.
struct AttentionRule {
    AttentionKind kind = AttentionKind::softmax;
    double scale = 1;
    bool renormalize = true;
    bool use_self = false;  ///< asks for as many keys as queries
};

/// Operands of attention, or their gradients: queries (N, D, Q), keys (N, D, K), values (N, C, K),
/// all dense.
template <class T>
struct QueryKeyValue {
    View<T, 3> q;
    View<T, 3> k;
    View<T, 3> v;
};

}  // namespace oldphoto

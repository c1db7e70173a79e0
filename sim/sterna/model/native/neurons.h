// The neuron equation of sterna.model.neuron, for 16 neurons at once, in a form for each set of modes.
#pragma once
#include <utility>

#include "counting.h"
#include "network.h"

typedef int32_t Lanes __attribute__((vector_size(64), aligned(64), may_alias));

inline Lanes all(int32_t value) { return Lanes{} + value; }
inline Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }
inline Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
inline Lanes sign(Lanes v) { return (v < 0) - (v > 0); }

// A bit for each lane that is -1.
inline uint32_t bits_of(Lanes mask) {
#ifdef __AVX512DQ__
    return _mm512_movepi32_mask((__m512i)mask);
#else
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++) bits |= uint32_t(mask[i] & 1) << i;
    return bits;
#endif
}

// What acts on a core's neurons in a tick.
struct Input {
    Lanes sums[MOST / LANES];
    alignas(64) int32_t threshold[MOST], leak[MOST]; // draws
};

// The neuron equation for 16 neurons; MODES are those that any of the core's neurons has.
template <int MODES>
inline Lanes advance(const Neurons &p, int g, Lanes v, const Input &in, Lanes low, Lanes high, Lanes &fires) {
    auto of = [g](const int32_t *column) { return ((const Lanes *)column)[g]; };
    v += in.sums[g];
    if (MODES & LEAK) {
        Lanes leak = of(p.leak);
        if (MODES & REVERSAL) {
            if (MODES & DRAWN_LEAK) {
                const Lanes size = leak < 0 ? -leak : leak;
                leak = of(p.c) != 0 ? sign(leak) & (size >= of(in.leak)) : leak;
            }
            const Lanes reversing = of(p.epsilon) != 0, before = sign(v);
            v += reversing ? leak * before : leak;
            const Lanes crossed = reversing & (sign(v) == -before);
            v = crossed ? Lanes{} : v;
        } else {
            v += leak;
        }
    }
    v = larger(smaller(v, high), low);
    Lanes eta = Lanes{};
    if (MODES & NOISE) eta = of(in.threshold) & of(p.mask);
    const Lanes top = of(p.alpha) + eta, beta = of(p.beta), reset = of(p.reset);
    fires = v >= top;
    if (MODES & LINEAR_RESET) return fires ? v - top : larger(v, -beta);
    if (!(MODES & ANY_RESET)) return fires ? reset : larger(v, -beta);
    const Lanes linear = of(p.gamma) == 1, none = of(p.gamma) == 2, kappa = of(p.kappa) != 0;
    const Lanes bottom = beta + (kappa ? Lanes{} : eta);
    const Lanes under = ~fires & (v < -bottom);
    const Lanes fired = none ? v : linear ? v - top : reset;
    const Lanes sunk = kappa ? -beta : none ? v : linear ? v + bottom : -reset;
    return fires ? fired : under ? sunk : v;
}

// All neurons of a core; returns whether anything changed or fired.
template <int MODES>
bool advance_all(const Network &net, int core, const Neurons &p, const Input &in, uint64_t *fired) {
    const int groups = (net.neurons[core] + LANES - 1) / LANES;
    const Lanes low = all(net.potential_min), high = all(net.potential_max);
    Lanes *potential = (Lanes *)(net.potential + net.first[core]);
    Lanes changed = Lanes{};
    uint16_t bits[MOST / LANES] = {};
    for (int g = 0; g < groups; g++) {
        Lanes fires;
        const Lanes before = potential[g];
        const Lanes v = advance<MODES>(p, g, before, in, low, high, fires);
        changed |= (v ^ before) | fires;
        potential[g] = v;
        bits[g] = bits_of(fires);
    }
    memcpy(fired, bits, sizeof bits);
    return bits_of(changed != 0);
}

typedef bool (*AdvanceAll)(const Network &, int, const Neurons &, const Input &, uint64_t *);
template <int... M> AdvanceAll advance_for(int modes, std::integer_sequence<int, M...>) {
    static const AdvanceAll forms[] = {advance_all<M * LEAK>...};
    return forms[modes / LEAK];
}
// The form for a core's modes; ANY_RESET and LINEAR_RESET exclude each other.
inline AdvanceAll advance_for(int modes) {
    return advance_for(modes, std::make_integer_sequence<int, 48>());
}

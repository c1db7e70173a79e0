// A tick of any network, spike by spike: rows of the crossbar where a spike is due, then the
// neuron equation of sterna.model.neuron, 16 neurons at once, then the spikes' targets.
#pragma once
#include "counting.h"
#include "draws.h"
#include "network.h"
#include "threads.h"

typedef int32_t Lanes __attribute__((vector_size(64), aligned(64), may_alias));
constexpr int COUNT_BITS = 10; // a row counts twice at most: 0..512

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

// sums + value in the lanes whose bit is set.
inline Lanes add_where(Lanes sums, uint32_t bits, int32_t value) {
#ifdef __AVX512F__
    return (Lanes)_mm512_mask_add_epi32((__m512i)sums, bits, (__m512i)sums,
                                        _mm512_set1_epi32(value));
#else
    const Lanes lane = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    return sums + (((all(bits) & lane) == lane) & value);
#endif
}

// Sums of trits over rows: sum of (+1) + (not -1) - 1, 256 neurons at once.
inline void sum_rows(const uint64_t *rows, const uint8_t *axons, int count, int groups, Lanes *sums) {
    alignas(64) static const uint64_t none[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    Counter<Bits256, COUNT_BITS> counter;
    const uint64_t *at[MOST + 4];
    for (int i = 0; i < count; i++) at[i] = rows + 8 * axons[i];
    const int whole = (count + 3) / 4 * 4;
    for (int i = count; i < whole; i++) at[i] = none;
    counter.add_all(2 * whole, [&](int i) { return *(const Bits256 *)(at[i / 2] + 4 * (i % 2)); });
    const int planes = 32 - __builtin_clz(2 * count | 1);
    alignas(64) uint16_t words[COUNT_BITS][MOST / LANES];
    for (int k = 0; k < planes; k++) memcpy(words[k], &counter.bit[k], sizeof(Bits256));
    for (int g = 0; g < groups; g++) {
        Lanes sum = all(-count);
        for (int k = 0; k < planes; k++) sum = add_where(sum, words[k][g], 1 << k);
        sums[g] = sum;
    }
}

// What acts on a core's neurons in a tick.
struct Input {
    Lanes sums[MOST / LANES];
    alignas(64) int32_t threshold[MOST], leak[MOST]; // draws
};

// The synaptic input where a weight is not 1, or synapses are drawn.
inline void weigh(const Network &net, int core, uint32_t tick, const uint8_t *axons, int count,
                  const Neurons &p, Input &in) {
    const int groups = (net.neurons[core] + LANES - 1) / LANES;
    const uint64_t *rows = net.rows + 8 * net.first_row[net.crossbar[core]];
    const uint8_t *types = net.axon_type + MOST * int64_t(core);
    const bool drawn = net.modes[core] & DRAWN_SYNAPSES;
    for (int g = 0; g < groups; g++) in.sums[g] = Lanes{};
    for (int type = 0; type < net.axon_types; type++) {
        uint8_t chosen[MOST];
        int many = 0;
        for (int i = 0; i < count; i++)
            if (types[axons[i]] == type) chosen[many++] = axons[i];
        if (!many) continue;
        const Lanes *s = (const Lanes *)p.s[type], *b = (const Lanes *)p.b[type];
        Lanes sums[MOST / LANES];
        sum_rows(rows, chosen, many, groups, sums);
        // of a neuron with drawn synapses nothing is taken here
        for (int g = 0; g < groups; g++) in.sums[g] += sums[g] * s[g] & (b[g] == 0);
        if (!drawn) continue;
        for (int i = 0; i < many; i++) {
            alignas(64) uint8_t rho[MOST];
            synapse_draws(net.seed[core], tick, chosen[i], groups * LANES, rho);
            const uint64_t *row = rows + 8 * chosen[i];
            for (int g = 0; g < groups; g++) {
                const int shift = LANES * (g % 4);
                const uint32_t plus = row[g / 4] >> shift & 0xFFFF;
                const uint32_t minus = ~(row[4 + g / 4] >> shift) & 0xFFFF;
                Lanes draw;
                for (int i = 0; i < LANES; i++) draw[i] = rho[LANES * g + i];
                const Lanes size = s[g] < 0 ? -s[g] : s[g];
                const Lanes step = sign(s[g]) & (size >= draw) & (b[g] != 0);
                const Lanes trit = add_where(add_where(Lanes{}, plus, 1), minus, -1);
                in.sums[g] += step * trit;
            }
        }
    }
}

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
// By modes / LEAK; what REVERSAL needs is in its own form, as is DRAWN_LEAK.
inline AdvanceAll advance_for(int modes) {
#define FORM(m) advance_all<(m) * LEAK>
    static const AdvanceAll forms[32] = {
        FORM(0), FORM(1), FORM(2), FORM(3), FORM(4), FORM(5), FORM(6), FORM(7),
        FORM(8), FORM(9), FORM(10), FORM(11), FORM(12), FORM(13), FORM(14), FORM(15),
        FORM(16), FORM(17), FORM(18), FORM(19), FORM(20), FORM(21), FORM(22), FORM(23),
        FORM(24), FORM(25), FORM(26), FORM(27), FORM(28), FORM(29), FORM(30), FORM(31),
    };
#undef FORM
    return forms[modes / LEAK];
}

// Spikes since the call began.
struct Counts {
    int64_t in = 0, routed = 0, out = 0;
};

// Axons with a spike due, in order; clears what is due.
inline int take_due(uint8_t *due, uint8_t *axons) {
    int count = 0;
    for (int at = 0; at < MOST; at += 64) {
        uint64_t bits = 0;
#ifdef __AVX512BW__
        const __m512i bytes = _mm512_loadu_si512(due + at);
        bits = _mm512_test_epi8_mask(bytes, bytes);
        if (!bits) continue;
        _mm512_storeu_si512(due + at, _mm512_setzero_si512());
#else
        uint64_t any = 0;
        for (int i = 0; i < 64; i += 8) {
            uint64_t word;
            memcpy(&word, due + at + i, 8);
            any |= word;
            // bytes are 0 or 1: gather their low bits
            bits |= (word * 0x0102040810204080ull >> 56) << i;
        }
        if (!any) continue;
        memset(due + at, 0, 64);
#endif
        for (; bits; bits &= bits - 1) axons[count++] = at + __builtin_ctzll(bits);
    }
    return count;
}

inline void send(const Network &net, int core, int tick, const uint64_t *fired, int64_t *lines,
                 Counts &counts) {
    const int64_t slot = int64_t(net.cores) * MOST;
    const int now = tick % net.slots;
    for (int word = 0; word < MOST / 64; word++)
        for (uint64_t bits = fired[word]; bits; bits &= bits - 1) {
            const int neuron = net.first[core] + 64 * word + __builtin_ctzll(bits);
            for (int at = net.first_target[neuron]; at < net.first_target[neuron + 1]; at++) {
                const uint32_t target = net.targets[at], place = target & 0xFFFFFFF;
                if (const int delay = target >> 28) {
                    int then = now + delay;
                    if (then >= net.slots) then -= net.slots;
                    net.due[then * slot + place] = 1;
                    counts.routed++;
                } else {
                    lines[place]++;
                    counts.out++;
                }
            }
        }
}

// One core's tick.
inline void step_core(const Network &net, int core, int tick, uint32_t draw_tick, const uint8_t *axons,
                      int count, int64_t *lines, Counts &counts) {
    uint64_t *fired = net.fired + 4 * int64_t(core);
    const int modes = net.modes[core];
    const Neurons &p = net.groups[net.group[core]];
    const int groups = (net.neurons[core] + LANES - 1) / LANES;
    if (!count && net.still[core] && !net.synaptic) return; // it fired nothing, and does so again
    Input in;
    if (!count) {
        for (int g = 0; g < groups; g++) in.sums[g] = Lanes{};
    } else if (modes & (WEIGHTED | DRAWN_SYNAPSES)) {
        weigh(net, core, draw_tick, axons, count, p, in);
    } else {
        sum_rows(net.rows + 8 * net.first_row[net.crossbar[core]], axons, count, groups, in.sums);
    }
    if (net.synaptic)
        memcpy(net.synaptic + net.first[core], in.sums, groups * sizeof(Lanes));
    if (modes & (NOISE | DRAWN_LEAK))
        neuron_draws(net.seed[core], draw_tick, groups * LANES, in.threshold, in.leak);
    const bool changed = advance_for(modes)(net, core, p, in, fired);
    net.still[core] = !changed && !count && !(modes & (NOISE | DRAWN_LEAK));
    send(net, core, tick, fired, lines, counts);
}

// The ticks of one thread's cores, first..last - 1.
inline void event_ticks(const Network &net, int first, int last, int tick, uint32_t draw_tick, int ticks,
                        int frames, int features, const uint8_t *frame, int64_t *lines,
                        Counts &counts, Barrier &barrier) {
    const int64_t slot = int64_t(net.cores) * MOST;
    uint8_t axons[2][MOST];
    for (int i = 0; i < ticks; i++, tick++, draw_tick++) {
        uint8_t *due = net.due + (tick % net.slots) * slot;
        if (i < frames) {
            const uint8_t *feature = frame + int64_t(i) * features;
            for (int at = net.first_input[first]; at < net.first_input[last]; at++)
                if (feature[net.input_feature[at]]) {
                    due[net.input_axon[at]] = 1;
                    counts.in++;
                }
        }
        // one core ahead: its rows are on their way while the one before is computed
        int next = 0;
        for (int core = first; core <= last; core++) {
            const int now = next;
            if (core < last) {
                uint8_t *list = axons[core % 2];
                next = take_due(due + MOST * int64_t(core), list);
                while (next && list[next - 1] >= net.axons[core]) next--; // in no use
                const uint64_t *rows = net.rows + 8 * net.first_row[net.crossbar[core]];
                for (int k = 0; k < next; k++) __builtin_prefetch(rows + 8 * list[k]);
            }
            if (core > first)
                step_core(net, core - 1, tick, draw_tick, axons[(core - 1) % 2], now,
                          lines + int64_t(i) * net.lines, counts);
        }
        barrier.wait();
    }
}

// A tick of any network, spike by spike: rows of the crossbar where a spike is due, then the
// neuron equation of sterna.model.neuron, 16 neurons at once, then the spikes' targets.
#pragma once
#include <utility>

#include "counting.h"
#include "draws.h"
#include "network.h"
#include "threads.h"

typedef int32_t Lanes __attribute__((vector_size(64), aligned(64), may_alias));
constexpr int AHEAD = 4;       // cores whose rows are fetched while others are computed
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

// The counts, of which only the low PLANES bits are not 0, less `count`, as numbers.
template <int PLANES, class C>
inline void place_values(const C &counter, int count, int groups, Lanes *sums) {
    alignas(64) uint16_t words[PLANES][MOST / LANES];
    for (int k = 0; k < PLANES; k++) memcpy(words[k], &counter.bit[k], sizeof(Bits256));
    for (int g = 0; g < groups; g++) {
        Lanes sum = all(-count);
#pragma GCC unroll 10
        for (int k = 0; k < PLANES; k++) sum = add_where(sum, words[k][g], 1 << k);
        sums[g] = sum;
    }
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
    switch ((34 - __builtin_clz(2 * count | 1)) / 2) {
    case 1: return place_values<2>(counter, count, groups, sums);
    case 2: return place_values<4>(counter, count, groups, sums);
    case 3: return place_values<6>(counter, count, groups, sums);
    case 4: return place_values<8>(counter, count, groups, sums);
    default: return place_values<10>(counter, count, groups, sums);
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

// Spikes since the call began.
struct Counts {
    int64_t in = 0, routed = 0, out = 0;
};

// The numbers of set bits, from `first` on, in order, to `list`, which has room for 64.
inline int set_bits(uint64_t bits, int first, uint8_t *list) {
#ifdef __AVX512VBMI2__
    alignas(64) static const uint64_t numbers[8] = {
        0x0706050403020100, 0x0F0E0D0C0B0A0908, 0x1716151413121110, 0x1F1E1D1C1B1A1918,
        0x2726252423222120, 0x2F2E2D2C2B2A2928, 0x3736353433323130, 0x3F3E3D3C3B3A3938};
    const __m512i mine = _mm512_add_epi8(_mm512_load_si512(numbers), _mm512_set1_epi8(first));
    _mm512_storeu_si512(list, _mm512_maskz_compress_epi8(bits, mine));
    return __builtin_popcountll(bits);
#else
    int count = 0;
    for (; bits; bits &= bits - 1) list[count++] = first + __builtin_ctzll(bits);
    return count;
#endif
}

// Axons with a spike due, in order; clears what is due.
inline int take_due(uint8_t *due, uint8_t *axons) {
    int count = 0;
#ifdef __AVX512BW__
    __m512i any = _mm512_loadu_si512(due);
    for (int at = 64; at < MOST; at += 64) any = _mm512_or_si512(any, _mm512_loadu_si512(due + at));
    if (!_mm512_test_epi8_mask(any, any)) return 0;
#endif
    for (int at = 0; at < MOST; at += 64) {
        uint64_t bits = 0;
#ifdef __AVX512BW__
        const __m512i bytes = _mm512_loadu_si512(due + at);
        bits = _mm512_test_epi8_mask(bytes, bytes);
        _mm512_storeu_si512(due + at, _mm512_setzero_si512());
#else
        for (int i = 0; i < 64; i += 8) {
            uint64_t word;
            memcpy(&word, due + at + i, 8);
            // bytes are 0 or 1: gather their low bits
            bits |= (word * 0x0102040810204080ull >> 56) << i;
        }
        if (!bits) continue;
        memset(due + at, 0, 64);
#endif
        count += set_bits(bits, at, axons + count);
    }
    return count;
}

// Spikes on their way to their targets. In a large network neurons, words of targets and due bytes
// lie anywhere in memory, so a core's spikes go by in three steps, a core apart: by the time that a
// step reads what the one before has asked for, it is there. In a small one they go at once.
class Sender {
  public:
    Sender(const Network &net, int64_t *lines, Counts &counts)
        : net(net), large(net.cores > SMALL), lines(lines), counts(counts) {}

    void begin(int tick, int64_t *its_lines) {
        lines = its_lines;
        for (int delay = 1; delay < net.slots; delay++)
            then[delay] = net.due + (tick + delay) % net.slots * (int64_t(net.cores) * MOST);
    }

    // A core's neurons that fired.
    void take(int core, const uint64_t *fired) {
        if (large) {
            reach();
            ask();
        }
        target = net.target + net.first[core];
        first_target = net.first_target + net.first[core];
        for (int word = 0; word < MOST / 64; word++)
            waiting += set_bits(fired[word], 64 * word, neurons + waiting);
        if (!large) return ask();
        for (int i = 0; i < waiting; i++) __builtin_prefetch(target + neurons[i]);
    }

    void finish() {
        for (int step = 0; step < 3; step++) {
            reach();
            ask();
        }
    }

  private:
    static constexpr int SMALL = 256; // cores: their tables fit the caches
    static constexpr int ROOM = 512;

    // From neurons to where their spikes are due.
    void ask() {
        for (int i = 0; i < waiting; i++) {
            const uint32_t word = target[neurons[i]];
            if (word != SEVERAL) {
                route(word);
                continue;
            }
            for (int at = first_target[neurons[i]]; at < first_target[neurons[i] + 1]; at++)
                route(net.targets[at]);
        }
        waiting = 0;
    }

    void route(uint32_t word) {
        const uint32_t place = word & 0xFFFFFFF;
        const int delay = word >> 28;
        if (!delay) {
            lines[place]++;
            counts.out++;
            return;
        }
        uint8_t *due = then[delay] + place;
        counts.routed++;
        if (!large || asked == ROOM) {
            *due = 1;
            return;
        }
        __builtin_prefetch(due, 1);
        places[asked++] = due;
    }

    void reach() {
        for (int i = 0; i < asked; i++) *places[i] = 1;
        asked = 0;
    }

    const Network &net;
    const bool large;
    int64_t *lines;
    Counts &counts;
    const uint32_t *target = nullptr;
    const int32_t *first_target = nullptr;
    int waiting = 0, asked = 0;
    uint8_t *then[16], *places[ROOM];
    uint8_t neurons[MOST + 64];
};

// One core's tick.
inline void step_core(const Network &net, int core, uint32_t draw_tick, const uint8_t *axons,
                      int count, Sender &sender) {
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
    sender.take(core, fired);
}

// The ticks of one thread's cores, first..last - 1.
inline void event_ticks(const Network &net, int first, int last, int tick, uint32_t draw_tick, int ticks,
                        int frames, int features, const uint8_t *frame, int64_t *lines,
                        Counts &counts, Barrier &barrier) {
    const int64_t slot = int64_t(net.cores) * MOST;
    uint8_t axons[AHEAD][MOST + 64];
    int count[AHEAD];
    Sender sender(net, lines, counts);
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
        sender.begin(tick, lines + int64_t(i) * net.lines);
        // a core's rows are on their way while the AHEAD cores before it are computed
        for (int core = first; core < last + AHEAD; core++) {
            uint8_t *list = axons[core % AHEAD];
            int &many = count[core % AHEAD];
            if (core >= first + AHEAD) step_core(net, core - AHEAD, draw_tick, list, many, sender);
            if (core >= last) continue;
            many = take_due(due + MOST * int64_t(core), list);
            while (many && list[many - 1] >= net.axons[core]) many--; // in no use
            const uint64_t *rows = net.rows + 8 * net.first_row[net.crossbar[core]];
            for (int k = 0; k < many; k++) __builtin_prefetch(rows + 8 * list[k]);
        }
        sender.finish();
        barrier.wait();
    }
}

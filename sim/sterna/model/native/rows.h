// A core's synaptic input: which axons have a spike due, and the sum of their rows of the crossbar.
#pragma once
#include "draws.h"
#include "neurons.h"

constexpr int COUNT_BITS = 10; // a row counts twice at most: 0..512

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
    const int whole = (count + 3) / 4 * 4;
    counter.add_all(2 * whole, [&](int i) {
        const uint64_t *row = i / 2 < count ? rows + 8 * axons[i / 2] : none;
        return *(const Bits256 *)(row + 4 * (i % 2));
    });
    switch ((34 - __builtin_clz(2 * count | 1)) / 2) {
    case 1: return place_values<2>(counter, count, groups, sums);
    case 2: return place_values<4>(counter, count, groups, sums);
    case 3: return place_values<6>(counter, count, groups, sums);
    case 4: return place_values<8>(counter, count, groups, sums);
    default: return place_values<10>(counter, count, groups, sums);
    }
}

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

// A core's axons with a spike due: as bits, and their numbers in order.
struct Active {
    uint64_t bits[MOST / 64];
    int count;
    uint8_t axons[MOST + 64];
};

// Take what is due, and clear it.
inline void take_due(uint8_t *due, Active &active) {
    active.count = 0;
#ifdef __AVX512BW__
    __m512i any = _mm512_loadu_si512(due);
    for (int at = 64; at < MOST; at += 64) any = _mm512_or_si512(any, _mm512_loadu_si512(due + at));
    if (!_mm512_test_epi8_mask(any, any)) return;
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
        if (bits) memset(due + at, 0, 64);
#endif
        active.bits[at / 64] = bits;
        active.count += set_bits(bits, at, active.axons + active.count);
    }
}

// The synaptic input where a weight is not 1, or synapses are drawn.
inline void weigh(const Network &net, int core, uint32_t tick, const Active &active, const Neurons &p,
                  Input &in) {
    const int groups = (net.neurons[core] + LANES - 1) / LANES;
    const uint64_t *rows = net.rows + 8 * net.first_row[core];
    const uint64_t *of_type = net.axon_types_of + 16 * int64_t(core);
    const bool drawn = net.modes[core] & DRAWN_SYNAPSES;
    for (int g = 0; g < groups; g++) in.sums[g] = Lanes{};
    for (int type = 0; type < net.axon_types; type++, of_type += 4) {
        uint8_t chosen[MOST + 64];
        int many = 0;
        for (int word = 0; word < MOST / 64; word++)
            many += set_bits(active.bits[word] & of_type[word], 64 * word, chosen + many);
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

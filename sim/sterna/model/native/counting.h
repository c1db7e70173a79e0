// Counting bits in parallel: bit i of every vector belongs to neuron i, or to tick i. A counter
// holds one bit of all counts in a vector, so that one full adder adds 256 or 512 of them at once
// (carry-save adders; Harley and Seal's order of them).
#pragma once
#include <cstdint>
#include <cstring>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

typedef uint64_t Bits256 __attribute__((vector_size(32), aligned(32), may_alias));
typedef uint64_t Bits512 __attribute__((vector_size(64), aligned(64), may_alias));

// sum = a ^ b ^ c, carry = majority(a, b, c)
template <class V> inline void full_add(V a, V b, V c, V &sum, V &carry) {
    V u = a ^ b;
    carry = (a & b) | (u & c);
    sum = u ^ c;
}
#ifdef __AVX512VL__
template <> inline void full_add(Bits512 a, Bits512 b, Bits512 c, Bits512 &sum, Bits512 &carry) {
    __m512i x = (__m512i)a, y = (__m512i)b, z = (__m512i)c;
    sum = (Bits512)_mm512_ternarylogic_epi64(x, y, z, 0x96);
    carry = (Bits512)_mm512_ternarylogic_epi64(x, y, z, 0xE8);
}
template <> inline void full_add(Bits256 a, Bits256 b, Bits256 c, Bits256 &sum, Bits256 &carry) {
    __m256i x = (__m256i)a, y = (__m256i)b, z = (__m256i)c;
    sum = (Bits256)_mm256_ternarylogic_epi64(x, y, z, 0x96);
    carry = (Bits256)_mm256_ternarylogic_epi64(x, y, z, 0xE8);
}
#endif

// Counts of up to 2**BITS - 1; bit[k] holds bit k of each.
template <class V, int BITS> struct Counter {
    V bit[BITS];

    Counter() {
        for (auto &b : bit) b = V{};
    }

    // Add `carry` at bit `from`.
    template <int from = 0> void add(V carry) {
        for (int k = from; k < BITS; k++) {
            V sum = bit[k] ^ carry;
            carry &= bit[k];
            bit[k] = sum;
        }
    }

    // Add eight vectors; returns the carry into bit 3.
    template <class Get> V eight(Get get) {
        V two_a, two_b, four_a, four_b, carry;
        full_add(bit[0], get(0), get(1), bit[0], two_a);
        full_add(bit[0], get(2), get(3), bit[0], two_b);
        full_add(bit[1], two_a, two_b, bit[1], four_a);
        full_add(bit[0], get(4), get(5), bit[0], two_a);
        full_add(bit[0], get(6), get(7), bit[0], two_b);
        full_add(bit[1], two_a, two_b, bit[1], four_b);
        full_add(bit[2], four_a, four_b, bit[2], carry);
        return carry;
    }

    // Add `count` vectors, a multiple of eight; get(i) returns vector i.
    template <class Get> void add_all(int count, Get get) {
        int at = 0;
        for (; at + 16 <= count; at += 16) {
            V carry, low = eight([&](int i) { return get(at + i); });
            V high = eight([&](int i) { return get(at + 8 + i); });
            full_add(bit[3], low, high, bit[3], carry);
            add<4>(carry);
        }
        if (at < count) add<3>(eight([&](int i) { return get(at + i); }));
    }

    // A set bit where the count is at least `limit`.
    V at_least(int limit) const {
        V ones = ~V{};
        if (limit <= 0) return ones;
        if (limit >> BITS) return V{};
        V reached = ones;
        for (int k = 0; k < BITS; k++)
            reached = (limit >> k & 1) ? bit[k] & reached : bit[k] | reached;
        return reached;
    }
};

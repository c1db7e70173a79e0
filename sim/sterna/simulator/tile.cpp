// The Verilated tile as a process that runs regressions: programs in on stdin, results out on
// stdout, both as counted arrays of 32-bit words. See tile_process.py for the program's words.
//
// One cycle: set the inputs, settle, look at the outputs, clock. Whoever ends stdin ends it.

#include "Vtile.h"
#include "tile_words.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

// Verilator's spelling of the port `stream__member`.
#define PORT(stream, member) tile_.stream##___05F##member

namespace {

using Words = std::vector<uint32_t>;

// Ports are integers up to 64 bits, and arrays of words above.
template <typename Port> void set(Port& port, const uint32_t* words) {
    if constexpr (std::is_integral_v<Port>) {
        port = words[0];
        if constexpr (sizeof(Port) == 8) port |= static_cast<uint64_t>(words[1]) << 32;
    } else {
        for (size_t i = 0; i < sizeof(Port) / 4; ++i) port[i] = words[i];
    }
}

template <typename Port> void get(const Port& port, uint32_t* words) {
    if constexpr (std::is_integral_v<Port>) {
        words[0] = static_cast<uint32_t>(port);
        if constexpr (sizeof(Port) == 8) words[1] = static_cast<uint32_t>(port >> 32);
    } else {
        for (size_t i = 0; i < sizeof(Port) / 4; ++i) words[i] = port[i];
    }
}

// Says in which cycles one end of a stream pauses.
class Pauses {
  public:
    Pauses(uint32_t kind, uint32_t seed) : kind_(kind), state_(seed * 2654435761u | 1) {}
    bool next() {
        if (kind_ == kNone) return false;
        if (kind_ == kRandom) return draw() & 1;
        if (!left_) {
            pausing_ = !pausing_;
            left_ = 1 + draw() % 200;
        }
        --left_;
        return pausing_;
    }

  private:
    uint32_t draw() {  // xorshift32: Marsaglia, "Xorshift RNGs", 2003
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_ >> 8;
    }
    uint32_t kind_, state_, left_ = 0;
    bool pausing_ = false;
};

class Bench {
  public:
    void run(const Words& program, Words& result) {
        result_ = &result;
        const uint32_t* at = program.data();
        const uint32_t* end = at + program.size();
        while (at < end) {
            switch (*at++) {
            case kReset: reset(); break;
            case kWrite: at = write(at); break;
            case kRead: at = read(at); break;
            case kSettings:
                tile_.used_contexts = at[0];
                tile_.tick_base = at[1];
                at += 2;
                break;
            case kStream: at = stream(at); break;
            default: std::fprintf(stderr, "no such operation\n"); std::exit(1);
            }
        }
    }

  private:
    using BusWord = std::remove_reference_t<decltype(std::declval<Vtile&>().bus___05Fwrite_data)>;
    static constexpr int kReadCycles = 16;  // a word comes within these
    static constexpr size_t kBusWords = (sizeof(BusWord) + 3) / 4;

    void settle() {
        tile_.clk = 0;
        tile_.eval();
    }
    void clock() {
        tile_.clk = 1;
        tile_.eval();
    }
    void reset() {
        PORT(inputs, valid) = PORT(grants, valid) = PORT(events, ready) = 0;
        PORT(bus, read) = PORT(bus, write) = 0;
        tile_.tick_period = 0;
        tile_.rst = 1;
        for (int i = 0; i < 3; ++i) settle(), clock();
        tile_.rst = 0;
    }
    const uint32_t* write(const uint32_t* at) {
        PORT(bus, space) = at[0];
        const uint32_t first = at[1], count = at[2];
        at += 3;
        PORT(bus, write) = 1;
        for (uint32_t i = 0; i < count; ++i, at += kBusWords) {
            uint32_t words[kBusWords + 1] = {};
            for (size_t k = 0; k < kBusWords; ++k) words[k] = at[k];
            PORT(bus, address) = first + i;
            set(PORT(bus, write_data), words);
            settle();
            clock();
        }
        PORT(bus, write) = 0;
        return at;
    }
    const uint32_t* read(const uint32_t* at) {
        PORT(bus, space) = at[0];
        for (uint32_t i = 0; i < at[2]; ++i) {
            PORT(bus, address) = at[1] + i;
            PORT(bus, read) = 1;
            settle();
            clock();
            PORT(bus, read) = 0;
            settle();
            for (int left = kReadCycles; !PORT(bus, read_valid); --left) {
                if (!left) std::fprintf(stderr, "a read has no answer\n"), std::exit(1);
                clock();
                settle();
            }
            uint32_t words[kBusWords + 1] = {};
            get(PORT(bus, read_data), words);
            result_->insert(result_->end(), words, words + kBusWords);
            clock();
        }
        return at + 3;
    }

    // Words: stalls of inputs, grants, events; seed; patience; ticks; steps; then the steps.
    const uint32_t* stream(const uint32_t* at) {
        Pauses inputs(at[0], at[3]), grants(at[1], at[3] + 1), events(at[2], at[3] + 2);
        const uint32_t patience = at[4], ticks = at[5];
        const uint32_t* end = at + 7 + 3 * at[6];
        at += 7;
        Words marks, trace, lines;
        uint32_t stalled[kStreams] = {}, status = kDone, idle_cycles = 0, done = 0;
        uint32_t traced = 0, lined = 0;
        bool offering = false, waiting = false;
        uint64_t waits = 0;  // the event that waits
        PORT(inputs, valid) = PORT(grants, valid) = 0;
        while (done < ticks || at < end) {
            if (++idle_cycles > patience) {
                status = kHang;
                break;
            }
            if (!offering && at < end) {
                Pauses& pauses = at[0] == kInput ? inputs : grants;
                if (!pauses.next()) {
                    offering = true;
                    if (at[0] == kInput) {
                        set(PORT(inputs, payload), at + 1);
                        PORT(inputs, valid) = 1;
                    } else {
                        PORT(grants, payload) = at[1];
                        PORT(grants, valid) = 1;
                    }
                }
            }
            PORT(events, ready) = !events.next();
            settle();
            const bool input_taken = PORT(inputs, valid) && PORT(inputs, ready);
            const bool grant_taken = PORT(grants, valid) && PORT(grants, ready);
            stalled[0] += PORT(inputs, valid) && !PORT(inputs, ready);
            stalled[1] += PORT(grants, valid) && !PORT(grants, ready);
            stalled[2] += PORT(events, valid) && !PORT(events, ready);
            for (int i = 0; i + 3 < kStreams; ++i) stalled[3 + i] += tile_.stalled >> i & 1;
            if (PORT(trace, valid)) {
                trace.push_back(
                    trace_word(PORT(trace, spike), PORT(trace, neuron), PORT(trace, context)));
                trace.push_back(PORT(trace, potential));
                ++traced;
            }
            if (PORT(events, valid)) {
                const uint64_t event = PORT(events, payload);
                if (waiting && event != waits) status = kUnstable;
                waiting = !PORT(events, ready);
                waits = event;
                if (PORT(events, ready)) {
                    if (event_kind(event) == kTickDone) {
                        marks.insert(marks.end(), {static_cast<uint32_t>(event_tick(event)),
                                                   static_cast<uint32_t>(event_cycles(event)),
                                                   traced, lined});
                        traced = lined = idle_cycles = 0;
                        ++done;
                    } else {
                        lines.push_back(event_line(event));
                        ++lined;
                    }
                }
            } else if (waiting) {
                status = kUnstable;
                waiting = false;
            }
            clock();
            if (input_taken || grant_taken) {
                PORT(inputs, valid) = PORT(grants, valid) = 0;
                offering = false;
                at += 3;
            }
        }
        PORT(events, ready) = 0;
        for (int i = 0; i < 4; ++i) {  // what comes too late is no less wrong
            settle();
            if (PORT(events, valid) || PORT(trace, valid)) status = kUnstable;
            clock();
        }
        uint32_t counters[sizeof(tile_.counters) / 4];
        get(tile_.counters, counters);
        Words& out = *result_;
        out.insert(out.end(), {status, done, static_cast<uint32_t>(trace.size()),
                               static_cast<uint32_t>(lines.size())});
        out.insert(out.end(), counters, counters + kCounters);
        out.insert(out.end(), stalled, stalled + kStreams);
        out.insert(out.end(), marks.begin(), marks.end());
        out.insert(out.end(), trace.begin(), trace.end());
        out.insert(out.end(), lines.begin(), lines.end());
        return end;
    }

    Vtile tile_;
    Words* result_ = nullptr;
};

bool read_words(Words& words) {
    uint32_t count;
    if (std::fread(&count, 4, 1, stdin) != 1) return false;
    words.resize(count);
    return std::fread(words.data(), 4, count, stdin) == count;
}

}  // namespace

int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    const auto bench = std::make_unique<Bench>();
    Words program, result;
    while (read_words(program)) {
        result.clear();
        bench->run(program, result);
        const uint32_t count = result.size();
        std::fwrite(&count, 4, 1, stdout);
        std::fwrite(result.data(), 4, count, stdout);
        std::fflush(stdout);
    }
    return 0;
}

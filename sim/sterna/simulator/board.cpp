// The virtual board: the Verilated device as a process that speaks the host link.
//
//   board (--tcp [PORT] | --pty) [--log FILE] [--wave FILE] [--divisor N]
//
// Prints one line on stdout, {"url": "...", "pid": N}, and then serves one client at a time: bytes
// from the socket or pseudo-terminal go into the device, bytes from the device go out. With nothing
// to do it sleeps in poll(). It ends when its stdin closes (whoever started it holds the pipe, and
// so can never leave it behind), or at SIGTERM; it ignores SIGINT, which is its starter's business.
//
// STERNA_PINS: the device has UART pins, and this side a UART of the same divisor.
// STERNA_VCD, STERNA_FST: built with waveforms.
// STERNA_BOTH_EDGES: the clock's both edges are active (see verilog.on_both_edges): a cycle is one
// evaluation. In either form, no output depends on an input within a cycle.

#include "Vdevice.h"
#include "board_clock.h"
#include "board_port.h"
#include "verilated.h"
#if defined(STERNA_FST)
#include "verilated_fst_c.h"
using WaveFile = VerilatedFstC;
#elif defined(STERNA_VCD)
#include "verilated_vcd_c.h"
using WaveFile = VerilatedVcdC;
#endif
#ifdef STERNA_PINS
#include "board_uart.h"
#endif

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <string>

namespace {

constexpr int kBatchCycles = 512;         // between two looks at the socket
constexpr size_t kInputLimit = 1 << 16;   // bytes read ahead of the device
constexpr size_t kOutputLimit = 1 << 16;  // bytes that a slow client may leave unread

int signal_pipe[2];

void on_signal(int) {
    const char byte = 0;
    if (write(signal_pipe[1], &byte, 1) < 0) return;  // full: one is as good as many
}

class Log {
  public:
    void open(const char* path) {
        if (!(file_ = std::fopen(path, "w"))) fail("cannot write the log");
        last = this;
    }
    void say(const char* format, ...) __attribute__((format(printf, 2, 3))) {
        if (!file_) return;
        std::fprintf(file_, "%10.3f s  ", seconds());
        va_list values;
        va_start(values, format);
        std::vfprintf(file_, format, values);
        va_end(values);
        std::fputc('\n', file_);
        std::fflush(file_);
    }
    static inline Log* last = nullptr;
    double seconds() const {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
    std::FILE* file_ = nullptr;
};

// The Verilated device, its clock, and its two byte streams.
class Board {
  public:
    Board(int divisor, const char* wave) {
#ifdef STERNA_PINS
        uart_ = Uart(divisor);
        grace_ = 64 * divisor;
        top_->rx = 1;
#else
        (void)divisor;
#endif
#if defined(STERNA_FST) || defined(STERNA_VCD)
        if (wave) {
            context_->traceEverOn(true);
            wave_ = std::make_unique<WaveFile>();
            top_->trace(wave_.get(), 99);
            wave_->open(wave);
            if (!wave_->isOpen()) fail("cannot write the waveform");
        }
#else
        if (wave) fail("this board was built without waveforms");
#endif
        for (; cycles < 16; cycles++) {
            top_->rst = cycles < 8;
            settle();
            edge();
        }
    }
    ~Board() {
        top_->final();
#if defined(STERNA_FST) || defined(STERNA_VCD)
        if (wave_) wave_->close();
#endif
    }

    // Nothing happens any more until a byte comes.
    bool quiet() const { return quiet_ >= grace_ && in.empty(); }

    // Run up to `count` cycles; fewer if the device falls quiet.
    void run(int count) {
        for (; count && !quiet(); count--) cycle();
    }

    ByteQueue in, out;
    uint64_t cycles = 0;
    uint64_t framing_errors() const {
#ifdef STERNA_PINS
        return uart_.framing_errors;
#else
        return 0;
#endif
    }

  private:
    // The half of a cycle before the clock's edge, where there is one.
    void settle() {
#ifndef STERNA_BOTH_EDGES
        top_->clk = 0;
        top_->eval();
        dump(0);
#endif
    }

    void edge() {
#ifdef STERNA_BOTH_EDGES
        top_->clk ^= 1;
#else
        top_->clk = 1;
#endif
        top_->eval();
        dump(kPeriodPs / 2);
    }

    void dump([[maybe_unused]] uint64_t offset) {
#if defined(STERNA_FST) || defined(STERNA_VCD)
        if (wave_) wave_->dump(cycles * kPeriodPs + offset);
#endif
    }

    void cycle() {
#ifdef STERNA_PINS
        top_->rx = uart_.drive(in);
        settle();
        const bool moving = uart_.sample(top_->tx, out) || uart_.driving();
        edge();
#else
        const bool offered = !in.empty();
        top_->rx___05Fvalid = offered;
        top_->rx___05Fpayload = offered ? in.front() : 0;
        settle();
        const bool moving = top_->tx___05Fvalid || offered;
        if (offered && top_->rx___05Fready) in.pop();
        if (top_->tx___05Fvalid && out.size() < kOutputLimit) out.push(top_->tx___05Fpayload);
        edge();
#endif
        cycles++;
        quiet_ = moving || !top_->idle ? 0 : quiet_ + 1;
    }

    std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
    std::unique_ptr<Vdevice> top_ = std::make_unique<Vdevice>(context_.get(), "top");
    int quiet_ = 0, grace_ = 256;
#ifdef STERNA_PINS
    Uart uart_;
#endif
#if defined(STERNA_FST) || defined(STERNA_VCD)
    std::unique_ptr<WaveFile> wave_;
#endif
};

struct Options {
    bool pty = false;
    int port = 0, divisor = kDivisor;
    const char *log = nullptr, *wave = nullptr;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        const std::string name = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (name == "--pty") options.pty = true;
        else if (name == "--tcp") options.port = std::atoi(value), i++;
        else if (name == "--divisor") options.divisor = std::atoi(value), i++;
        else if (name == "--log") options.log = value, i++;
        else if (name == "--wave") options.wave = value, i++;
        else fail("unknown option", name.c_str());
    }
    return options;
}

void serve(Board& board, Port& port, Log& log) {
    enum { STDIN, SIGNAL, LISTENER, CLIENT };
    for (;;) {
        const bool wants = port.connected() && board.in.size() < kInputLimit;
        const bool gives = port.connected() && !board.out.empty();
        pollfd fds[] = {{0, POLLIN, 0},
                        {signal_pipe[0], POLLIN, 0},
                        {port.listener(), POLLIN, 0},
                        {port.client(), short((wants ? POLLIN : 0) | (gives ? POLLOUT : 0)), 0}};
        if (poll(fds, 4, board.quiet() ? -1 : 0) < 0 && errno != EINTR) fail("poll");
        if (fds[SIGNAL].revents) return log.say("ends: signal");
        char scrap[256];
        if (fds[STDIN].revents && read(0, scrap, sizeof scrap) <= 0)
            return log.say("ends: stdin closed");
        const auto leave = [&] {
            log.say("client left");
            port.drop_client();
            board.in.clear(), board.out.clear();
            board.in.push(0);  // ends a frame that it left half sent: the device waits for the rest
        };
        if (fds[CLIENT].revents && !port.receive(board.in)) leave();
        if (fds[LISTENER].revents) {
            // who closes and connects again at once has left before, though poll() did not tell
            if (port.connected() && port.left(board.in)) leave();
            log.say(port.accept_client() ? "client connected" : "second client refused: busy");
        }
        board.run(kBatchCycles);
        if (!board.out.empty()) port.send(board.out);
    }
}

}  // namespace

// Where a waveform finds the disk full, this ends the process there and then. Verilator's own
// function (it is replaced: VL_USER_FATAL) writes what is left of the waveform first, and never
// comes back.
void vl_fatal(const char*, int, const char*, const char* message) {
    if (Log::last) Log::last->say("ends: %s", message);
    std::_Exit(1);
}

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    Log log;
    if (options.log) log.open(options.log);
    if (pipe(signal_pipe) < 0) fail("pipe");
    fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGHUP, on_signal);
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    Port port;
    const std::string url = options.pty ? port.open_pty() : port.open_tcp(options.port);
    Board board(options.divisor, options.wave);
    std::printf("{\"url\": \"%s\", \"pid\": %d}\n", url.c_str(), int(getpid()));
    std::fflush(stdout);
    log.say("serves %s", url.c_str());
    const double start = log.seconds();
    serve(board, port, log);
    log.say("cycles %llu, wall %.3f s, framing errors %llu", (unsigned long long)board.cycles,
            log.seconds() - start, (unsigned long long)board.framing_errors());
    return 0;
}

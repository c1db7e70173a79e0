// A UART, 8N1, in simulated cycles: the other end of the device's pins.
#pragma once

#include "board_clock.h"
#include "board_port.h"

class Uart {
  public:
    explicit Uart(int divisor = kDivisor) : divisor_(divisor) {}

    // The level that the device's rx pin has in this cycle; takes bytes from `in`.
    int drive(ByteQueue& in) {
        if (tx_left_ == 0) {
            if (in.empty()) return 1;
            tx_shift_ = 0x200 | in.front() << 1;  // start bit 0, eight bits, stop bit 1
            in.pop();
            tx_left_ = 10 * divisor_;
        }
        const int bit = 9 - (tx_left_ - 1) / divisor_;
        tx_left_--;
        return tx_shift_ >> bit & 1;
    }
    bool driving() const { return tx_left_ != 0; }

    // Look at the device's tx pin once a cycle; adds whole bytes to `out`. True: a byte is under way.
    bool sample(int level, ByteQueue& out) {
        if (rx_wait_ == 0) {
            if (level) return false;
            rx_wait_ = divisor_ / 2 + 1;  // into the middle of the start bit
            rx_bit_ = 0;
            rx_shift_ = 0;
        }
        if (--rx_wait_ != 0) return true;
        if (rx_bit_ == 0 && level) return false;  // a glitch, not a start bit
        if (rx_bit_ == 9) {
            if (level) out.push(rx_shift_);
            else framing_errors++;
            return true;
        }
        if (rx_bit_ > 0) rx_shift_ |= level << (rx_bit_ - 1);
        rx_bit_++;
        rx_wait_ = divisor_;
        return true;
    }

    uint64_t framing_errors = 0;

  private:
    int divisor_;
    int tx_left_ = 0, tx_shift_ = 0;
    int rx_wait_ = 0, rx_bit_ = 0, rx_shift_ = 0;
};

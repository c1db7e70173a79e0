// DP16KD, the block RAM of an ECP5: a model of the modes that Yosys uses; Yosys has none.
//
// 1,024 rows of 18 bits. A port sees words of 1, 2, 4, 9 or 18 bits; or, with 36 bits, port A
// writes and port B reads two rows at once. The upper ten bits of an address name the row, the
// lower ones the word in it; the ninth bit of each byte is there from words of 9 bits up. From 18
// bits up the lowest bits of an address are byte enables. Only port A writes.
//
// A word that port B reads while port A writes to it comes out with all bits the other way round:
// the block shows anything then, and nobody may look at it. Output registers follow OCEA and OCEB.
// Resets and chip selects are not modelled: a design that uses them does not build, or stops.
//
// Source: Lattice FPGA-TN-02204, ECP5 memory usage guide; Yosys, brams_map_16kd.v.

module DP16KD #(
  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18, REGMODE_A = "NOREG", REGMODE_B = "NOREG",
    WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL", CSDECODE_A = "0b000", CSDECODE_B = "0b000",
    RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "AUTO", CLKAMUX = "CLKA",
    CLKBMUX = "CLKB",
  parameter [319:0]
    INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0,
    INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0,
    INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0,
    INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
    INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0,
    INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0,
    INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0,
    INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0,
    INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0,
    INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0,
    INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
    INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
    DIA3, DIA2, DIA1, DIA0,
  input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
  input CEA, CLKA, WEA, OCEA, RSTA, CSA2, CSA1, CSA0,
  output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4,
    DOA3, DOA2, DOA1, DOA0,
  input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
    DIB3, DIB2, DIB1, DIB0,
  input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
  input CEB, CLKB, WEB, OCEB, RSTB, CSB2, CSB1, CSB0,
  output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4,
    DOB3, DOB2, DOB1, DOB0
);
  localparam [64 * 320 - 1:0] INITIAL = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
    INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
    INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
    INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
    INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
    INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
    INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
    INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
    INITVAL_00
  };

  generate
    if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
        || (DATA_WIDTH_A == 36) != (DATA_WIDTH_B == 36))
      dp16kd_in_a_mode_that_is_not_modelled unknown();
  endgenerate

  wire [17:0] dia = {
    DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
    DIA3, DIA2, DIA1, DIA0
  };
  wire [17:0] dib = {
    DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
    DIB3, DIB2, DIB1, DIB0
  };
  wire [13:0] ada = {
    ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0
  };
  wire [13:0] adb = {
    ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0
  };
  reg [17:0] doa, dob, held_a, held_b;
  assign {
    DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4,
    DOA3, DOA2, DOA1, DOA0
  } = REGMODE_A == "OUTREG" ? held_a : doa;
  assign {
    DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4,
    DOB3, DOB2, DOB1, DOB0
  } = REGMODE_B == "OUTREG" ? held_b : dob;

  reg [17:0] rows [0:1023];
  integer row;
  initial begin
    for (row = 0; row < 1024; row = row + 1)
      rows[row] = INITIAL[row / 16 * 320 + row % 16 * 20 +: 18];
    doa = 0;
    dob = 0;
    held_a = 0;
    held_b = 0;
  end

  // the word of a row at an address
  function [17:0] word(input [17:0] row, input [3:0] at, input integer width);
    reg [15:0] bits;
    begin
      bits = {row[16:9], row[7:0]};
      case (width)
        1: word = {17'b0, bits[at]};
        2: word = {16'b0, bits[{at[3:1], 1'b0} +: 2]};
        4: word = {14'b0, bits[{at[3:2], 2'b0} +: 4]};
        9: word = {9'b0, at[3] ? row[17:9] : row[8:0]};
        default: word = row;
      endcase
    end
  endfunction

  // a row with the word at an address replaced
  function [17:0] put(input [17:0] row, input [3:0] at, input integer width, input [17:0] data);
    reg [15:0] bits;
    begin
      bits = {row[16:9], row[7:0]};
      put = row;
      case (width)
        1: bits[at] = data[0];
        2: bits[{at[3:1], 1'b0} +: 2] = data[1:0];
        4: bits[{at[3:2], 2'b0} +: 4] = data[3:0];
        9: if (at[3]) put[17:9] = data[8:0]; else put[8:0] = data[8:0];
        default: begin
          if (at[0]) put[8:0] = data[8:0];
          if (at[1]) put[17:9] = data[17:9];
        end
      endcase
      if (width < 9) begin
        put[7:0] = bits[7:0];
        put[16:9] = bits[15:8];
      end
    end
  endfunction

  localparam WIDE = DATA_WIDTH_A == 36;
  // bits of an address that name no word, of the wider of the two ports
  localparam WIDEST = DATA_WIDTH_A > DATA_WIDTH_B ? DATA_WIDTH_A : DATA_WIDTH_B;
  localparam WITHIN = WIDEST == 1 ? 0 : WIDEST == 2 ? 1 : WIDEST == 4 ? 2 : WIDEST == 9 ? 3
    : WIDEST == 18 ? 4 : 5;

  // the row at a port's address; the lower one of two
  function [9:0] row_of(input [13:0] address);
    row_of = WIDE ? {address[13:5], 1'b0} : address[13:4];
  endfunction

  // port A writes to the word that port B reads
  function clash(input unused);
    clash = CEA & WEA & ada >> WITHIN == adb >> WITHIN
      & (DATA_WIDTH_A < 18 | (WIDE ? |ada[3:0] : |ada[1:0]));
  endfunction

  always @(posedge CLKA) begin
    if (RSTA | CSA2 | CSA1 | CSA0) $fatal(1, "DP16KD: a reset or a chip select of port A");
    if (CEA & WEA) begin
      rows[row_of(ada)] <= put(rows[row_of(ada)], ada[3:0], DATA_WIDTH_A, dia);
      if (WIDE)
        rows[row_of(ada) | 10'd1] <= put(rows[row_of(ada) | 10'd1], {2'b0, ada[3:2]}, 18, dib);
    end
  end

  always @(posedge CLKA) if (OCEA) held_a <= doa;
  always @(posedge CLKB) if (OCEB) held_b <= dob;

  generate
    if (WIDE) begin
      always @(posedge CLKB)
        if (CEB) begin
          doa <= rows[row_of(adb)] ^ {18{clash(1'b0)}};
          dob <= rows[row_of(adb) | 10'd1] ^ {18{clash(1'b0)}};
        end
    end else begin
      always @(posedge CLKA)
        if (CEA) begin
          if (!WEA | WRITEMODE_A == "READBEFOREWRITE")
            doa <= word(rows[row_of(ada)], ada[3:0], DATA_WIDTH_A);
          else if (WRITEMODE_A == "WRITETHROUGH")
            doa <= word(
              put(rows[row_of(ada)], ada[3:0], DATA_WIDTH_A, dia), ada[3:0], DATA_WIDTH_A);
        end
      always @(posedge CLKB) begin
        if (WEB) $fatal(1, "DP16KD: port B writes");
        if (CEB)
          dob <= word(rows[row_of(adb)] ^ {18{clash(1'b0)}}, adb[3:0], DATA_WIDTH_B);
      end
    end
  endgenerate

  always @(posedge CLKB)
    if (RSTB | CSB2 | CSB1 | CSB0) $fatal(1, "DP16KD: a reset or a chip select of port B");
endmodule

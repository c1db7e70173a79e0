
module SB_SPRAM256KA (
  input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN,
  input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF, output reg [15:0] DATAOUT
);
  reg [15:0] words [0:16383];
  wire works = POWEROFF & ~SLEEP & ~STANDBY;
  always @(posedge CLOCK)
    if (!works) DATAOUT <= 16'hDEAD;
    else if (CHIPSELECT) begin
      if (WREN && MASKWREN == 4'hF) words[ADDRESS] <= DATAIN;
      DATAOUT <= WREN ? 16'hFFFF : words[ADDRESS];
    end
endmodule

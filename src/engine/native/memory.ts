/** Sizes of a loaded model's buffers, bytes. */
export interface BufferSizes {
  readonly weightsBytes: number;
  readonly kvBytes: number;
  readonly computeBytes: number;
  readonly outputBytes: number;
}

/**
 * Sums what the library reports while a context opens. It prints two decimals of MiB, so each buffer is exact to 5 KiB.
 * Covers attention caches (all cells) and recurrent states, on every device.
 */
export function readBufferSizes(lines: readonly string[], weightsBytes: number): BufferSizes {
  const sum = (pattern: RegExp): number =>
    lines.reduce((total, line) => total + Number(pattern.exec(line)?.[1] ?? 0) * 1024 * 1024, 0);
  return {
    weightsBytes,
    kvBytes: Math.round(sum(/: size = +([\d.]+) MiB \( *\d+ cells/)),
    computeBytes: Math.round(sum(/compute buffer size = +([\d.]+) MiB/)),
    outputBytes: Math.round(sum(/output buffer size = +([\d.]+) MiB/)),
  };
}

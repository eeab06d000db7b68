/** What is added to the logit of a token. */
export interface LogitBias {
  readonly token: number;
  readonly bias: number;
}

/**
 * The token with the highest logit, the first of equals: what the library's greedy sampler gives, without its table of all
 * candidates (0.05 against 0.09 ms for 49,152 tokens, each token of each answer). Leaves `logits` as they were.
 */
export function likeliest(logits: Float32Array, biases: readonly LogitBias[]): number {
  const before = biases.map(({ token }) => logits[token]!);
  for (const { token, bias } of biases) logits[token]! += bias;
  const best = placeOfHighest(logits);
  for (let at = biases.length - 1; at >= 0; at -= 1) logits[biases[at]!.token] = before[at]!;
  return best;
}

/** Eight at a time: nearly always none of them is higher, and one branch says so. A plain loop takes 0.07 to 0.15 ms. */
function placeOfHighest(values: Float32Array): number {
  let best = 0;
  let highest = values[0]!;
  const whole = values.length - (values.length % 8);
  for (let at = 0; at < values.length; at += at < whole ? 8 : 1) {
    if (at < whole && !isAnyHigher(values, at, highest)) continue;
    const end = at < whole ? at + 8 : at + 1;
    for (let place = at; place < end; place += 1) {
      if (values[place]! <= highest) continue;
      highest = values[place]!;
      best = place;
    }
  }
  return best;
}

function isAnyHigher(values: Float32Array, at: number, highest: number): boolean {
  return (
    values[at]! > highest ||
    values[at + 1]! > highest ||
    values[at + 2]! > highest ||
    values[at + 3]! > highest ||
    values[at + 4]! > highest ||
    values[at + 5]! > highest ||
    values[at + 6]! > highest ||
    values[at + 7]! > highest
  );
}

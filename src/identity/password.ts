import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { IntramurosError } from '../base/index.ts';

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and three passes: one of the equal-strength choices of OWASP's password storage cheat sheet for scrypt. */
const cost: Cost = { logN: 15, r: 8, p: 3 };
const atOnce = 2; // of the four threads that files and names share
const mostWaiting = 64;

/** Keeps and checks passwords off the event loop, few at a time. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long when nothing is stored, so that time does not tell which names exist. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** True when a stored one was made more cheaply than new ones are. */
  isWeak(stored: string): boolean;
}

/** @param options.logN log2 of scrypt's N, for tests that are not about it. */
export function openPasswords(options: { readonly logN?: number | undefined } = {}): Passwords {
  const now: Cost = { ...cost, logN: options.logN ?? cost.logN };
  const inTurn = openTurns();
  const derive = (password: string, salt: Buffer, by: Cost): Promise<Buffer> =>
    inTurn(
      () =>
        new Promise((resolve, reject) => {
          const { logN, r, p } = by;
          const N = 2 ** logN;
          scrypt(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
            error ? reject(error) : resolve(key),
          );
        }),
    );
  const nobody = { by: now, salt: randomBytes(16), key: randomBytes(32) };
  return {
    async hash(password) {
      const salt = randomBytes(16);
      const key = await derive(password, salt, now);
      return `scrypt$${now.logN}$${now.r}$${now.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
    },
    async verify(password, stored) {
      const { by, salt, key } = stored === undefined ? nobody : parse(stored);
      return timingSafeEqual(await derive(password, salt, by), key) && stored !== undefined;
    },
    isWeak: (stored) => parse(stored).by.logN < now.logN,
  };
}

function parse(stored: string): { readonly by: Cost; readonly salt: Buffer; readonly key: Buffer } {
  const [, logN, r, p, salt = '', key = ''] = stored.split('$');
  return {
    by: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
}

/** Few at once and a bounded queue: a flood of sign-ins must not take the threads of everything else. */
function openTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= mostWaiting) {
        throw new IntramurosError('sign_in_failed', 'Too many sign-ins at once. Try again in a few seconds.', {
          facts: { reason: 'slow_down', retryAfterSeconds: 5 },
        });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** @throws {IntramurosError} `password_weak` when a new password is too easy to guess or too long. */
export function checkNewPassword(password: string, name: string): void {
  const short = [...password].length < 12;
  const same = password.toLowerCase().includes(name.toLowerCase()) && password.length < name.length + 8;
  if (!short && !same && new Set(password).size >= 5 && password.length <= 1_000) return;
  throw new IntramurosError(
    'password_weak',
    'The password is too easy to guess. Take at least 12 characters, at least 5 different ones, and not mainly the sign-in name.',
    { facts: { field: 'password' } },
  );
}

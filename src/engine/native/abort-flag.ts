import koffi from 'koffi';

/** A flag that the library reads between two operations of a computation, on its own thread. */
export interface AbortFlag {
  readonly callback: bigint;
  readonly data: bigint;
  raise(): void;
  lower(): void;
  close(): void;
}

/**
 * The library asks a C function `bool (*)(void *data)` whether to go on, hundreds of times a step: too often for
 * JavaScript, which would also have to run on another thread. The C library's own `strlen` answers instead: the
 * length of the text at `data` is 0 (false) while the flag is down and 1 (true) once its first byte is set.
 */
export function openAbortFlag(): AbortFlag {
  const data = koffi.alloc('uint8_t', 2) as bigint;
  const bytes = new Uint8Array(koffi.view(data, 2));
  bytes.fill(0);
  return {
    callback: strlen(),
    data,
    raise: () => {
      bytes[0] = 1;
    },
    lower: () => {
      bytes[0] = 0;
    },
    close: () => koffi.free(data),
  };
}

let address: bigint | undefined;
function strlen(): bigint {
  address ??= koffi.load(process.platform === 'win32' ? 'msvcrt.dll' : null).symbol('strlen') as bigint;
  return address;
}

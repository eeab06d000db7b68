import type { ResolvedSettings } from '../base/index.ts';
import type { EngineProbe } from '../engine/index.ts';
import type { CatalogueEntry, DiskLibrary, Fit } from '../models/index.ts';
import type { Flags } from './flags.ts';
import type { Terminal } from './terminal/terminal.ts';
import type { Language, Words } from './words.ts';

/** What can be proposed for a value by the shell's completion. */
export type Completion = 'model' | 'catalogue' | 'file' | 'setting' | readonly string[];

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in help; absent for a switch. */
  readonly value?: Words;
  readonly about: Words;
  readonly complete?: Completion;
}

export interface ArgumentSpec {
  readonly name: Words;
  readonly about: Words;
  readonly optional?: boolean;
  /** Takes all that is left. */
  readonly rest?: boolean;
  readonly complete?: Completion;
}

/** One command. Its help, its completion and its page in docs/cli.md come from this declaration. */
export interface Command {
  readonly name: string;
  readonly summary: Words;
  /** Paragraphs after the summary. */
  readonly details?: Words;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly { readonly line: string; readonly about: Words }[];
  /** Returns the exit code; nothing is 0. Failures are thrown. */
  run(context: Context): Promise<number | undefined>;
}

/** A server that this process started. */
export interface RunningServer {
  /** `http://127.0.0.1:8420` */
  readonly address: string;
  close(): Promise<void>;
}

/** What the composition root hands to the commands: parts that stand above this room. */
export interface House {
  readonly version: string;
  /** Starts the whole server in this process and resolves once it listens. */
  startServer(options: {
    readonly home: string;
    readonly resolved: ResolvedSettings;
    readonly signal?: AbortSignal;
  }): Promise<RunningServer>;
  /** The models on this disk, without a server; open for as long as a command needs them. */
  openLibrary(options: {
    readonly home: string;
    readonly resolved: ResolvedSettings;
  }): Promise<AsyncDisposable & { readonly library: DiskLibrary }>;
  /** The best model that this machine holds and answers with at a reading pace. */
  recommend(language: string): Promise<{ readonly entry: CatalogueEntry; readonly fit: Fit } | undefined>;
  /** Loads the engine's libraries in this process and says what they are. */
  probeEngine(): Promise<EngineProbe>;
}

/** What a command works with. */
export interface Context {
  readonly house: House;
  /** Every command: for help and completion. */
  readonly commands: readonly Command[];
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Reads the settings when first asked, so that a command that needs none runs beside a broken config.json. */
  readonly resolved: () => ResolvedSettings;
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly language: Language;
  /** The sentence in the person's language. */
  readonly say: (words: Words) => string;
  readonly json: boolean;
  readonly verbose: boolean;
  /** Aborted by the first Ctrl+C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Result, to standard output. */
  readonly print: (line: string) => void;
  /** One JSON document or line, to standard output. */
  readonly printJson: (value: unknown, options?: { readonly line?: boolean }) => void;
  /** A remark for the person, to standard error. */
  readonly note: (line: string) => void;
}

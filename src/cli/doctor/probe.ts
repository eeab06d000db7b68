/** What the engine's libraries say of themselves, or why they cannot be used. */
export interface EngineProbe {
  readonly version?: string;
  readonly directory?: string;
  readonly problem?: string;
}

/** What a cell may do to a broker of its own. Types only. */
export interface FaultBroker {
  readonly pid: () => number
  /** SIGKILL; resolves with how the process ended. */
  kill(): Promise<string>
  /** On the same data and the same port. */
  restart(): Promise<void>
  /** SIGSTOP; resolves once the kernel says that it stands. */
  pause(): Promise<void>
  resume(): void
}

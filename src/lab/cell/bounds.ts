/** How long a cell waits for what always comes, unless something is broken. */

/** A process, from its start to its first input; a snapshot of what a cell is fed. */
export const BOOT_MS = 30_000
/** All that was fed, from orders to output, with a recovery on the way. */
export const FLOW_MS = 120_000

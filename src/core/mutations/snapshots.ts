/**
 * Mutations of how OpB takes a snapshot: when its file gets its name, and what of the database is copied.
 */
import type { MutationMaker } from './mutation.ts'

/** Publishes the manifest of a snapshot whose file still has its temporary name. */
export const manifestEarly: MutationMaker = () => ({
  snapshots: (parts) => {
    let name = (): unknown => undefined
    return {
      ...parts,
      name: (copied) => {
        name = () => parts.name(copied)
        return parts.manifestOf(copied)
      },
      prune: (kept, at) => {
        name()
        return parts.prune(kept, at)
      },
    }
  },
})

/** Copies the database's main file, without the write-ahead log beside it. */
export const copyWithoutWal: MutationMaker = () => ({
  snapshots: (parts) => ({ ...parts, copy: parts.copyMainFile }),
})

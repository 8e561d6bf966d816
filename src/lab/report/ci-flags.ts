/** Flags of commands that judge, for CI. Nothing else is here, so that help stays fast. */
import * as Flags from '@oclif/core/flags'

export const ciFlags = {
  junit: Flags.string({
    summary: 'also write the verdicts as JUnit XML',
    helpValue: 'FILE',
    helpGroup: 'CI',
  }),
  summary: Flags.string({
    summary: 'also append a summary in Markdown (and to $GITHUB_STEP_SUMMARY, if set)',
    helpValue: 'FILE',
    helpGroup: 'CI',
  }),
}

import { defineConfig } from 'vitest/config'

// The suffix of a test file picks its class: pure, on a broker, or with processes that get killed.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'pure', include: ['src/**/*.test.ts'], exclude: ['src/**/*.{broker,crash}.test.ts'] } },
      {
        test: {
          name: 'broker',
          include: ['src/**/*.broker.test.ts'],
          globalSetup: ['src/testing/broker.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['src/**/*.crash.test.ts'],
          globalSetup: ['src/testing/broker.setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})

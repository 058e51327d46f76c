// Builds the dashboard as `medusa build` does, once per way of logging in: `.medusa/jwt` and `.medusa/session`.
import { build } from '@medusajs/admin-bundler'

for (const way of ['jwt', 'session']) {
  process.env.ADMIN_AUTH_TYPE = way
  await build({ path: '/app', backendUrl: '/', outDir: `.medusa/${way}`, plugins: [], sources: [] })
}

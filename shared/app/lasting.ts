/** The app of a process, which is its own `lasting` one. */
import type { App } from './ports.ts';

/** Plain members throughout: every request copies them. */
export function lastingApp(parts: Omit<App, 'lasting'>): App {
  const app: { -readonly [Name in keyof App]: App[Name] } = { ...parts, lasting: undefined as never };
  app.lasting = app;
  return app;
}

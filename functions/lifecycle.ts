/** The process's own beginning and end: VMs are looked after from the start, and taken off in order at the end. */
import { app as functions } from '@azure/functions';
import { loadAppLazily } from '../shared/http/endpoint.ts';

functions.hook.appStart(() => {
  // A bad setting answers every call with its sentence; here it must not take the host down.
  void loadAppLazily().catch(() => undefined);
});

functions.hook.appTerminate(async () => {
  const { closeApp } = await import('../shared/compose.ts');
  await closeApp();
});

/** The process's own beginning and end: VMs are looked after from the start, and taken off in order at the end. */
import { app as functions } from '@azure/functions';
import { closeApp, loadApp } from '../shared/compose.ts';

functions.hook.appStart(() => {
  // A bad setting answers every call with its sentence; here it must not take the host down.
  void loadApp().catch(() => undefined);
});

functions.hook.appTerminate(() => closeApp());

/** The containers that are ours, all made before the first use. */
import type { OwnContainer } from '../app/ports.ts';

export const ownContainers: readonly OwnContainer[] = [
  'millpond-models',
  'millpond-services',
  'millpond-results',
  'millpond-uploads',
];

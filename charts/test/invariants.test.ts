import { describe, expect, test } from 'vitest';
import { ciValues, render } from './support/helm.ts';
import {
  type Container,
  containers,
  lastingContainers,
  type Manifest,
  type Workload,
  workloads,
} from './support/manifest.ts';

/** A workload of the umbrella in one of its variants, with everything that stands around it. */
interface Case {
  readonly variant: string;
  readonly manifests: readonly Manifest[];
  readonly workload: Workload;
}

const umbrella = await Promise.all(
  [undefined, ...ciValues('callweave')].map(async (file) => ({
    variant: file?.replace(/^.*\/|-values\.yaml$/g, '') ?? 'defaults',
    manifests: await render('callweave', file),
  })),
);
const all: readonly Case[] = umbrella.flatMap(({ variant, manifests }) =>
  workloads(manifests).map((workload) => ({ variant, manifests, workload })),
);
/** Without the pods that end by themselves. */
const lasting = all.filter(({ workload: { kind } }) => kind !== 'Job' && kind !== 'Pod');

/** What may be root, and why. */
const root: Readonly<Record<string, string>> = {
  'own-state': 'hands a directory of the host to the edge, with the right to do that and no other',
  rtpengine: 'speaks with the kernel module and sets the rule that feeds it; in user space it is not root',
  'load-module': 'loads a kernel module',
};

/** The workloads for which `holds` does not. */
function except(cases: readonly Case[], holds: (one: Case) => boolean): string[] {
  return cases.filter((one) => !holds(one)).map(({ variant, workload }) => `${variant}: ${workload.name}`);
}

/** The containers for which `holds` does not. */
function exceptContainers(
  cases: readonly Case[],
  holds: (container: Container, workload: Workload) => boolean,
  list: (pod: Workload['pod']) => Container[] = containers,
): string[] {
  return cases.flatMap(({ variant, workload }) =>
    list(workload.pod)
      .filter((container) => !holds(container, workload))
      .map(({ name }) => `${variant}: ${workload.name} ${name}`),
  );
}

function has({ manifests }: Case, kind: string, name: string): boolean {
  return manifests.some((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

/** Either there is one of `kind` for the workload, or the workload says why not. */
function hasOrSaysWhyNot(one: Case, kind: string, annotation: string): boolean {
  return has(one, kind, one.workload.name) !== annotation in one.workload.annotations;
}

function isRoot({ securityContext }: Container, { pod }: Workload): boolean {
  return (securityContext?.runAsUser ?? pod.securityContext?.runAsUser ?? 0) === 0;
}

describe('every workload, in every variant', () => {
  test('is looked at', () => {
    const names = new Set(lasting.map(({ workload }) => workload.name));
    expect(names.size).toBeGreaterThan(9);
    expect(lasting.length).toBeGreaterThan(2 * names.size);
  });

  test('says when it is ready', () => {
    expect(exceptContainers(lasting, (one) => one.readinessProbe !== undefined, lastingContainers)).toEqual([]);
  });

  test('is started again when it hangs', () => {
    // A node that takes no kernel module is no better for another start.
    const holds = ({ name, livenessProbe, startupProbe }: Container): boolean =>
      name === 'load-module' || (livenessProbe !== undefined && startupProbe !== undefined);
    expect(exceptContainers(lasting, holds, lastingContainers)).toEqual([]);
  });

  test('keeps away from its like and from the rest of the platform', () => {
    const away = ({ workload }: Case): boolean =>
      workload.pod.affinity?.podAntiAffinity !== undefined || workload.name === 'jaeger';
    expect(except(lasting, away)).toEqual([]);
  });

  test('is spread over zones, or is on every node', () => {
    const spread = ({ workload: { name, kind, pod } }: Case): boolean =>
      pod.topologySpreadConstraints !== undefined || kind === 'DaemonSet' || name === 'jaeger';
    expect(except(lasting, spread)).toEqual([]);
  });

  test('is scaled, or says why not', () => {
    const scalable = lasting.filter(({ variant }) => variant !== 'single-node');
    expect(except(scalable, (one) => hasOrSaysWhyNot(one, 'HorizontalPodAutoscaler', 'callweave.io/no-hpa'))).toEqual(
      [],
    );
  });

  test('survives maintenance, or says why not', () => {
    expect(except(lasting, (one) => hasOrSaysWhyNot(one, 'PodDisruptionBudget', 'callweave.io/no-pdb'))).toEqual([]);
  });

  test('talks with nobody it need not, or says why that cannot be', () => {
    const annotation = 'callweave.io/no-network-policy';
    expect(except(lasting, (one) => hasOrSaysWhyNot(one, 'NetworkPolicy', annotation))).toEqual([]);
    expect(
      except(lasting, ({ workload: { annotations, pod } }) => annotation in annotations === (pod.hostNetwork ?? false)),
    ).toEqual([]);
  });

  test('is chosen by its own labels alone', () => {
    expect(
      except(all, ({ workload: { name, podLabels } }) => name.startsWith(podLabels['app.kubernetes.io/name'] ?? '-')),
    ).toEqual([]);
    const selectors = new Set(lasting.map(({ workload }) => workload.podLabels['app.kubernetes.io/name']));
    const passing = all.filter((one) => !lasting.includes(one));
    expect(passing.length).toBeGreaterThan(1);
    expect(
      except(passing, ({ workload: { podLabels } }) => !selectors.has(podLabels['app.kubernetes.io/name'])),
    ).toEqual([]);
  });
});

describe('every pod, in every variant', () => {
  test('has requests and limits for each container', () => {
    const holds = ({ resources }: Container): boolean =>
      [resources?.requests, resources?.limits].every(
        (amounts) => amounts?.cpu !== undefined && amounts.memory !== undefined,
      );
    expect(exceptContainers(all, holds)).toEqual([]);
  });

  test('has an identity that may do nothing', () => {
    const holds = (one: Case): boolean => {
      const { serviceAccountName, automountServiceAccountToken } = one.workload.pod;
      const account = one.manifests.find(
        ({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === serviceAccountName,
      );
      return automountServiceAccountToken === false && account?.automountServiceAccountToken === false;
    };
    expect(except(all, holds)).toEqual([]);
  });

  test('may do no more than it must', () => {
    expect(
      except(all, ({ workload }) => workload.pod.securityContext?.seccompProfile?.type === 'RuntimeDefault'),
    ).toEqual([]);
    expect(exceptContainers(all, ({ securityContext }) => securityContext?.readOnlyRootFilesystem === true)).toEqual(
      [],
    );
    const isConfined = ({ name, securityContext = {} }: Container): boolean => {
      const { privileged = false, allowPrivilegeEscalation, capabilities } = securityContext;
      if (name === 'load-module') return privileged;
      const added = name in root ? [] : (capabilities?.add ?? []);
      return (
        !privileged && allowPrivilegeEscalation === false && capabilities?.drop?.[0] === 'ALL' && added.length === 0
      );
    };
    expect(exceptContainers(all, isConfined)).toEqual([]);
  });

  test('is not root without a reason', () => {
    expect(exceptContainers(all, (one, workload) => one.name in root || !isRoot(one, workload))).toEqual([]);
    const single = all.filter(({ variant }) => variant === 'single-node');
    expect(exceptContainers(single, (one, workload) => !isRoot(one, workload))).toEqual([]);
  });

  test('is made of images of one version', () => {
    expect(exceptContainers(all, ({ image }) => /^[\w./-]+:[\w.-]*\d[\w.-]*$/.test(image))).toEqual([]);
  });

  test('has its secrets from Secrets that exist already', () => {
    for (const { manifests } of umbrella) expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const isWritten = ({ name, value }: { name: string; value?: string }): boolean =>
      /SECRET|PASSWORD|TOKEN/.test(name) && value !== undefined;
    expect(exceptContainers(all, ({ env = [] }) => !env.some(isWritten))).toEqual([]);
  });
});

describe('the edge', () => {
  test('has time for its calls, and its engine for what is left of them', async () => {
    const [edge] = workloads(await render('edge-signaling'));
    const engine = edge?.pod.initContainers?.find(({ name }) => name === 'sip-engine');
    // A side-car that starts before the edge and ends after it.
    expect(engine?.restartPolicy).toBe('Always');
    // 5 s until nobody sends new calls, 30 s of drain, 35 s of transactions.
    expect(edge?.pod.terminationGracePeriodSeconds).toBe(5 + 30 + 35);
  });

  test('is ready when both its halves are', async () => {
    const [edge] = workloads(await render('edge-signaling'));
    expect(edge && lastingContainers(edge.pod).map(({ name }) => name)).toEqual(['sip-engine', 'edge-signaling']);
  });

  test('is asked by its engine about calls that another edge may have had, and waited for when it starts again', () => {
    const asking = all.flatMap(({ workload }) =>
      containers(workload.pod)
        .filter(({ args = [] }) => args.includes('--offer-unknown-dialogs') && args.includes('--app-grace'))
        .map(({ name }) => `${workload.name} ${name}`),
    );
    expect([...new Set(asking)]).toEqual(['edge-signaling sip-engine']);
  });

  test('is one on a node, whatever else runs there', async () => {
    const [edge] = workloads(await render('edge-signaling'));
    expect(edge?.pod.affinity?.podAntiAffinity).toMatchObject({
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }],
    });
  });
});

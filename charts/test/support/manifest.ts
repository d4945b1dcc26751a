/** A Kubernetes object as YAML has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly automountServiceAccountToken?: boolean;
}

/** What we look at in a container. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly resources?: Partial<Record<'requests' | 'limits', Partial<Record<'cpu' | 'memory', string>>>>;
  readonly startupProbe?: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: Readonly<{ exec?: { command: readonly string[] }; httpGet?: { path: string } }>;
  readonly lifecycle?: Readonly<{ preStop?: { exec?: { command: readonly string[] } } }>;
  readonly securityContext?: Readonly<{
    privileged?: boolean;
    runAsUser?: number;
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: readonly string[]; add?: readonly string[] };
  }>;
}

/** What we look at in a pod. */
export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly lifecycle?: Readonly<{ preStop?: { exec?: { command: readonly string[] } } }>;
  readonly securityContext?: Readonly<{
    runAsNonRoot?: boolean;
    runAsUser?: number;
    seccompProfile?: { type: string };
  }>;
  readonly affinity?: { readonly podAntiAffinity?: object };
  readonly topologySpreadConstraints?: readonly object[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

/** A manifest that runs pods, with the template of them. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
}

interface Template {
  readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: PodSpec;
}

/** Everything among `manifests` that runs pods, annotations of object and pods together. */
export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests.flatMap((manifest) => {
    const template = templateOf(manifest);
    if (template === undefined) return [];
    return {
      kind: manifest.kind,
      name: manifest.metadata.name,
      annotations: { ...manifest.metadata.annotations, ...template.metadata.annotations },
      podLabels: template.metadata.labels ?? {},
      pod: template.spec,
    };
  });
}

/** All containers of a pod in the order in which they start. */
export function containers(pod: PodSpec): Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** Those of them that run for as long as the pod. */
export function lastingContainers(pod: PodSpec): Container[] {
  return containers(pod).filter((one) => pod.containers.includes(one) || one.restartPolicy === 'Always');
}

function templateOf({ kind, metadata, spec }: Manifest): Template | undefined {
  if (kind === 'Pod') return { metadata, spec: spec as PodSpec };
  return (spec as { template?: Template } | undefined)?.template;
}

// 형 검사만 읽는 파일: 스크립트들이 함께 쓰는 이름 aelab과, 여러 파일에 걸친 형.

declare namespace Lab {
  type Autoencoder = InstanceType<typeof aelab.engine.Autoencoder>;
  type Images = InstanceType<typeof aelab.data.Images>;
  type State = InstanceType<typeof aelab.address.State>;

  /** 자료의 내력. aelab/lab.py의 about과 같습니다. */
  interface About {
    sourceName: string;
    classes: string[];
    labels: number[];
    imageCount: number;
    firstCount: number;
    latentDims: number[];
    /** 잠재 차원 → 가장 얕은 층의 채널 수 */
    channels: Record<number, number>;
    /** 잠재 차원 → 가중치 파일의 바이트 수 */
    weightBytes: Record<number, number>;
    /** 잠재 차원 → 이미지마다 잰 MSE의 분위수 0, 1, …, 100 % */
    errors: Record<number, number[]>;
    mapLatentDim: number;
  }

  interface Panel {
    id: string;
    title: string;
    hint: string;
    /** mount보다 먼저 실을 계산 파일 */
    scripts: string[];
    mount(root: HTMLElement, context: Context): Promise<void>;
  }

  interface Context {
    state: State;
    /** 화면을 읽어 주는 프로그램에 결과를 알립니다. */
    announce(text: string): void;
    /** 다 그린 뒤에 더 불러오거나 오래 그리는 일을 맡깁니다. 기다림과 실패를 패널에 알립니다. */
    run(work: () => Promise<void>, told?: string): Promise<void>;
    /** 패널을 다시 그리면 끊깁니다. */
    signal: AbortSignal;
    about: About;
    latentDims: number[];
    data: typeof aelab.data;
  }
}

declare var aelab: {
  codec: typeof import("./codec.js");
  engine: typeof import("./engine.js");
  address: typeof import("./address.js");
  random: typeof import("./random.js");
  patterns: typeof import("./patterns.js");
  ranking: typeof import("./ranking.js");
  metrics: typeof import("./metrics.js");
  distortions: typeof import("./distortions.js");
  transposed: typeof import("./transposed.js");
  neighbours: typeof import("./neighbours.js");
  data: typeof import("./data.js");
  ui: typeof import("./dom.js");
  panel(panel: Lab.Panel): void;
};

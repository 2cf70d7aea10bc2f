import kafkajs from 'kafkajs';
import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';

test('keys go where Kafka\'s Java client puts them', () => {
  // From Kafka's own UtilsTest: murmur2("21") = -973932308, murmur2("foobar") = -790332482.
  expect(partitionOfKey('21', 1_000_003)).toBe((-973932308 & 0x7fffffff) % 1_000_003);
  expect(partitionOfKey('foobar', 1_000_003)).toBe((-790332482 & 0x7fffffff) % 1_000_003);
});

test('keys of every length agree with kafkajs', () => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: 20 }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] }));
  for (let id = 1; id < 2 ** 31; id = id * 3 + 1) {
    expect([id, partitionOfKey(String(id), 20)]).toEqual([id, theirs({ topic: 't', partitionMetadata, message: { key: String(id), value: '' } })]);
  }
});

using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

// CoVE-IO's functions.
public sealed partial class ErrorTests
{
    private const ulong Buffer = GuestMemory + 0x10000; // the zero page
    private const ulong NoMemory = GuestMemory + 0x40000; // nothing is mapped

    // Not fields: the cases are made before those of this file have values.
    private static ulong Device => TestDevices.Id(0);
    private static ulong NoDevice => TestDevices.Id(2);
    private static ulong Bar => TestDevices.Bar(0);

    private static void AddDeviceCases(List<Case> cases)
    {
        void Nothing(TestMachine m, ulong id)
        {
        }

        void Host(string name, SbiError expected, Action<TestMachine, ulong> before, Func<TestMachine, ulong, ulong[]> arguments) =>
            cases.Add(new(Find(name).FullName, expected, Runnable, (m, id) =>
            {
                before(m, id);
                return m.CallWithDevice(name, arguments(m, id)).Error;
            }));
        void Guest(uint number, SbiError expected, Action<TestMachine, ulong> before, params ulong[] arguments) =>
            cases.Add(new(CoveAbi.Functions.Single(f => f.Extension == CoveExtension.Guest && f.Function == number).FullName, expected, Shared, (m, id) =>
            {
                before(m, id);
                return m.CallFromGuestWithDevice(id, number, arguments).Error;
            }));
        void Connected(TestMachine m, ulong id) => m.Connect();
        void Given(TestMachine m, ulong id) => m.Succeed("add_tvm_interface_region", id, Device, Bar, TestDevice.Size);
        void Bound(TestMachine m, ulong id) => m.Bind(id);
        void Running(TestMachine m, ulong id)
        {
            m.Bind(id);
            m.Start(id);
        }

        void Mute(TestMachine m) => m.Devices.Change = _ => [];
        Action<TestMachine, ulong> Muted(Action<TestMachine, ulong> before) => (m, id) =>
        {
            before(m, id);
            Mute(m);
        };
        Action<TestMachine, ulong> Unshared(Action<TestMachine, ulong> before) => (m, id) =>
        {
            before(m, id);
            m.Succeed("set_shmem", ulong.MaxValue, ulong.MaxValue, 0);
        };

        // The call of the case is made in a machine of its own, whose sessions have few records.
        void Spent(string function, Action<TestMachine, ulong> before, Func<TestMachine, ulong, SbiError> act) => cases.Add(new(function, CoveError.KeyUpdateRequired, ErrorTests.Nothing, (_, _) =>
        {
            using TestMachine few = new(maxRecords: 110);
            ulong id = few.Launch(CallProgram);
            few.Succeed("add_tvm_zero_pages", id, few.Take(1), 0, 1, Buffer);
            before(few, id);
            SbiError beat;
            while ((beat = few.CallWithDevice("spdm_heartbeat", Device).Error) == Ok)
            {
            }

            Assert.Equal(CoveError.KeyUpdateRequired, beat);
            SbiError error = act(few, id);
            few.SucceedWithDevice("spdm_key_update", Device);
            few.SucceedWithDevice("spdm_heartbeat", Device);
            return error;
        }));
        void SpentHost(string name, Action<TestMachine, ulong> before, Func<ulong, ulong[]> arguments) =>
            Spent(Find(name).FullName, before, (m, id) => m.CallWithDevice(name, arguments(id)).Error);
        void SpentGuest(uint number, Action<TestMachine, ulong> before, params ulong[] arguments) =>
            Spent(CoveAbi.Functions.Single(f => f.Extension == CoveExtension.Guest && f.Function == number).FullName, before, (m, id) => m.CallFromGuestWithDevice(id, number, arguments).Error);

        ulong[] Connect(TestMachine m) => [Device, m.WriteStream(0), Transcript, TranscriptSize];
        Host("connect_device", Ok, Nothing, (m, _) => Connect(m));
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [NoDevice, m.WriteStream(0), Transcript, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [Device, m.WriteStream(0) + 1, Transcript, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (_, _) => [Device, Confidential, Transcript, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [Device, m.WriteStream(1), Transcript, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [Device, m.WriteStream(0), Transcript + 8, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [Device, m.WriteStream(0), Confidential, TranscriptSize]);
        Host("connect_device", SbiError.InvalidParam, Nothing, (m, _) => [Device, m.WriteStream(0), Transcript, ulong.MaxValue]);
        Host("connect_device", SbiError.InvalidParam, (m, _) => m.Write(Parameters, 0x0200, 1 << 16, (1 << 16) | 1), (_, _) => [Device, Parameters, Transcript, TranscriptSize]);
        Host("connect_device", SbiError.NoShmem, Unshared(Nothing), (m, _) => Connect(m));
        Host("connect_device", SbiError.Failed, Connected, (m, _) => Connect(m));
        Host("connect_device", SbiError.Failed, Muted(Nothing), (m, _) => Connect(m));
        Host("connect_device", SbiError.Failed, Nothing, (m, _) => [Device, m.WriteStream(0), Transcript, 100]);

        Host("disconnect_device", Ok, Connected, (_, _) => [Device]);
        Host("disconnect_device", Ok, Muted(Connected), (_, _) => [Device]);
        Host("disconnect_device", SbiError.InvalidParam, Connected, (_, _) => [NoDevice]);
        Host("disconnect_device", SbiError.NoShmem, Unshared(Connected), (_, _) => [Device]);
        Host("disconnect_device", SbiError.Failed, Nothing, (_, _) => [Device]);
        Host("disconnect_device", SbiError.Failed, Bound, (_, _) => [Device]);

        foreach (string name in new[] { "spdm_key_update", "spdm_heartbeat" })
        {
            Host(name, Ok, Connected, (_, _) => [Device]);
            Host(name, SbiError.InvalidParam, Connected, (_, _) => [NoDevice]);
            Host(name, SbiError.NoShmem, Unshared(Connected), (_, _) => [Device]);
            Host(name, SbiError.Failed, Nothing, (_, _) => [Device]);
            Host(name, SbiError.Failed, Muted(Connected), (_, _) => [Device]);
        }

        SpentHost("spdm_heartbeat", Connected, _ => [Device]);

        Host("ide_key_refresh", Ok, Connected, (_, _) => [Device, TestDevices.Stream]);
        Host("ide_key_refresh", SbiError.InvalidParam, Connected, (_, _) => [NoDevice, TestDevices.Stream]);
        Host("ide_key_refresh", SbiError.InvalidParam, Connected, (_, _) => [Device, TestDevices.Stream + 1]);
        Host("ide_key_refresh", SbiError.NoShmem, Unshared(Connected), (_, _) => [Device, TestDevices.Stream]);
        Host("ide_key_refresh", SbiError.Failed, Nothing, (_, _) => [Device, TestDevices.Stream]);
        SpentHost("ide_key_refresh", Connected, _ => [Device, TestDevices.Stream]);

        Host("get_device_connection_transcript", Ok, Connected, (_, _) => [Device, Transcript, TranscriptSize]);
        Host("get_device_connection_transcript", SbiError.InvalidParam, Connected, (_, _) => [NoDevice, Transcript, TranscriptSize]);
        Host("get_device_connection_transcript", SbiError.InvalidParam, Connected, (_, _) => [Device, Transcript + 4, TranscriptSize]);
        Host("get_device_connection_transcript", SbiError.InvalidParam, Connected, (_, _) => [Device, Confidential, TranscriptSize]);
        Host("get_device_connection_transcript", SbiError.InvalidParam, Connected, (_, _) => [Device, Transcript, ulong.MaxValue]);
        Host("get_device_connection_transcript", SbiError.Failed, Nothing, (_, _) => [Device, Transcript, TranscriptSize]);
        Host("get_device_connection_transcript", SbiError.Failed, Connected, (_, _) => [Device, Transcript, 100]);
        Host("get_device_connection_transcript", SbiError.Failed, (m, id) =>
        {
            m.Connect();
            m.Write64(Transcript + 64, 0);
        }, (_, _) => [Device, Transcript, TranscriptSize]);

        Host("add_tvm_interface_region", Ok, Nothing, (_, id) => [id, Device, Bar, PageSize]);
        Host("add_tvm_interface_region", Ok, Given, (_, id) => [id, Device, Bar + TestDevice.Size, PageSize]);
        Host("add_tvm_interface_region", SbiError.InvalidParam, Nothing, (_, id) => [id + 1, Device, Bar, PageSize]);
        Host("add_tvm_interface_region", SbiError.InvalidParam, Nothing, (_, id) => [id, NoDevice, Bar, PageSize]);
        Host("add_tvm_interface_region", SbiError.InvalidParam, Nothing, (_, id) => [id, Device, Bar, 0]);
        Host("add_tvm_interface_region", SbiError.InvalidAddress, Nothing, (_, id) => [id, Device, Bar + 4, PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Nothing, (_, id) => [id, Device, TestDevices.Window + TestDevices.WindowSize - PageSize, 2 * PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Nothing, (_, id) => [id, Device, HostPages, PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Nothing, (_, id) => [id, Device, ImsicBase, PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Given, (_, id) => [id, Device, Bar + PageSize, PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Given, (_, id) => [id, TestDevices.Id(1), Bar + PageSize, PageSize]);
        Host("add_tvm_interface_region", SbiError.Failed, Bound, (_, id) => [id, Device, Bar + TestDevice.Size, PageSize]);

        Host("reclaim_tvm_interface_region", Ok, Given, (_, id) => [id, Device, Bar, TestDevice.Size]);
        Host("reclaim_tvm_interface_region", SbiError.InvalidParam, Given, (_, id) => [id + 1, Device, Bar, TestDevice.Size]);
        Host("reclaim_tvm_interface_region", SbiError.InvalidParam, Given, (_, id) => [id, NoDevice, Bar, TestDevice.Size]);
        Host("reclaim_tvm_interface_region", SbiError.InvalidAddress, Given, (_, id) => [id, Device, Bar + 4, TestDevice.Size]);
        Host("reclaim_tvm_interface_region", SbiError.Failed, Given, (_, id) => [id, Device, Bar, PageSize]);
        Host("reclaim_tvm_interface_region", SbiError.Failed, Nothing, (_, id) => [id, Device, Bar, PageSize]);
        Host("reclaim_tvm_interface_region", SbiError.Failed, Bound, (_, id) => [id, Device, Bar, TestDevice.Size]);

        Host("bind_interface", Ok, Connected, (_, id) => [id, Device]);
        Host("bind_interface", SbiError.InvalidParam, Connected, (_, id) => [id + 1, Device]);
        Host("bind_interface", SbiError.InvalidParam, Connected, (_, id) => [id, NoDevice]);
        Host("bind_interface", SbiError.NoShmem, Unshared(Connected), (_, id) => [id, Device]);
        Host("bind_interface", SbiError.Failed, Nothing, (_, id) => [id, Device]);
        Host("bind_interface", SbiError.Failed, Bound, (_, id) => [id, Device]);
        Host("bind_interface", SbiError.Failed, Muted(Connected), (_, id) => [id, Device]);
        Host("bind_interface", SbiError.Failed, (m, _) =>
        {
            m.Connect();
            m.Devices.EnableStream(0, false);
        }, (_, id) => [id, Device]);
        SpentHost("bind_interface", Connected, id => [id, Device]);

        Host("unbind_interface", Ok, Bound, (_, id) => [id, Device]);
        Host("unbind_interface", Ok, Muted(Running), (_, id) => [id, Device]);
        Host("unbind_interface", SbiError.InvalidParam, Bound, (_, id) => [id + 1, Device]);
        Host("unbind_interface", SbiError.InvalidParam, Bound, (_, id) => [id, NoDevice]);
        Host("unbind_interface", SbiError.NoShmem, Unshared(Bound), (_, id) => [id, Device]);
        Host("unbind_interface", SbiError.Failed, Connected, (_, id) => [id, Device]);

        Guest(1024, Ok, Bound, Device);
        Guest(1024, SbiError.Failed, Connected, Device);

        Guest(1025, Ok, Bound, Device, 3, 0, Buffer, PageSize);
        Guest(1025, SbiError.InvalidParam, Connected, Device, 3, 0, Buffer, PageSize);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 6, 0, Buffer, PageSize);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 1, 8, Buffer, PageSize);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 1, 1, Buffer, PageSize);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 3, 0, Buffer, 16);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 3, 0, Buffer + 8, PageSize);
        Guest(1025, SbiError.InvalidParam, Bound, Device, 3, 0, NoMemory, PageSize);

        Guest(1026, Ok, Bound, Device, 0, 2, Buffer, PageSize);
        Guest(1026, Ok, Bound, Device, Buffer, ulong.MaxValue, Buffer, PageSize);
        Guest(1026, SbiError.InvalidAddress, Bound, Device, NoMemory, 0, Buffer, PageSize);
        Guest(1026, SbiError.InvalidAddress, Bound, Device, 0, 0, NoMemory, PageSize);
        Guest(1026, SbiError.InvalidAddress, Bound, Device, 0, 0, Buffer + 8, PageSize);
        Guest(1026, SbiError.Failed, Connected, Device, 0, 0, Buffer, PageSize);
        Guest(1026, SbiError.Failed, Bound, Device, 0, 0, Buffer, 16);
        Guest(1026, SbiError.Failed, Muted(Bound), Device, 0, 0, Buffer, PageSize);
        SpentGuest(1026, Bound, Device, 0, 0, Buffer, PageSize);

        Guest(1027, Ok, Bound, Device, Buffer, PageSize);
        Guest(1027, SbiError.InvalidAddress, Bound, Device, NoMemory, PageSize);
        Guest(1027, SbiError.InvalidAddress, Bound, Device, Buffer + 8, PageSize);
        Guest(1027, SbiError.Failed, Bound, Device, Buffer, 4);
        Guest(1027, SbiError.Failed, Connected, Device, Buffer, PageSize);

        Guest(1028, Ok, Bound, Device);
        Guest(1028, SbiError.Failed, Connected, Device);
        Guest(1028, SbiError.Failed, Muted(Bound), Device);
        SpentGuest(1028, Bound, Device);

        Guest(1029, Ok, Bound, Device, GuestBar, Bar, PageSize);
        Guest(1029, SbiError.InvalidParam, Bound, Device, GuestBar, Bar, 0);
        Guest(1029, SbiError.InvalidAddress, Bound, Device, GuestBar + 8, Bar, PageSize);
        Guest(1029, SbiError.InvalidAddress, Bound, Device, GuestBar, Bar + 8, PageSize);
        Guest(1029, SbiError.InvalidAddress, Bound, Device, GuestMemory, Bar, PageSize);
        Guest(1029, SbiError.InvalidAddress, Bound, Device, (1UL << 50) - PageSize, Bar, 2 * PageSize);
        Guest(1029, SbiError.Failed, Bound, Device, GuestBar, Bar, 2 * PageSize);
        Guest(1029, SbiError.Failed, Bound, Device, GuestBar, HostPages, PageSize);
        Guest(1029, SbiError.Failed, Connected, Device, GuestBar, Bar, PageSize);
        Guest(1029, SbiError.Failed, Running, Device, GuestBar + TestDevice.Size, Bar, PageSize);
        Guest(1029, SbiError.Failed, (m, id) =>
        {
            m.Connect();
            m.SucceedWithDevice("bind_interface", id, Device); // nothing has been added
        }, Device, GuestBar, Bar, PageSize);

        Guest(1030, Ok, Bound, Device);
        Guest(1030, SbiError.AlreadyStarted, Running, Device);
        Guest(1030, SbiError.Failed, Connected, Device);
        Guest(1030, SbiError.Failed, Muted(Bound), Device);
        SpentGuest(1030, Bound, Device);

        Guest(1031, Ok, Bound, Device);
        Guest(1031, Ok, Running, Device);
        Guest(1031, SbiError.AlreadyStopped, (m, id) =>
        {
            m.Bind(id);
            Assert.Equal(Ok, m.CallFromGuestWithDevice(id, 1031, Device).Error);
        }, Device);
        Guest(1031, SbiError.Failed, Connected, Device);
        Guest(1031, SbiError.Failed, Muted(Running), Device);
        SpentGuest(1031, Running, Device);
    }
}

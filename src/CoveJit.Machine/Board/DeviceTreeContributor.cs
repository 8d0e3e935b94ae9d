using CoveJit.Devices.DeviceTree;

namespace CoveJit.Machines.Board;

/// <summary>A device's part of the device tree: called in the order of composition, it adds its own nodes.</summary>
/// <param name="tree">The tree under construction: its root and <c>/soc</c> nodes, the harts' interrupt controllers, fresh phandles.</param>
public delegate void DeviceTreeContributor(BoardDeviceTree tree);

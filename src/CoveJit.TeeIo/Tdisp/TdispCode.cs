namespace CoveJit.TeeIo.Tdisp;

/// <summary>Message types of TDISP (PCIe, "TEE Device Interface Security Protocol"). Bit 7 marks a request.</summary>
public enum TdispCode : byte
{
    /// <summary>TDISP_VERSION.</summary>
    Version = 0x01,

    /// <summary>TDISP_CAPABILITIES.</summary>
    Capabilities = 0x02,

    /// <summary>LOCK_INTERFACE_RESPONSE.</summary>
    LockInterfaceResponse = 0x03,

    /// <summary>DEVICE_INTERFACE_REPORT.</summary>
    DeviceInterfaceReport = 0x04,

    /// <summary>DEVICE_INTERFACE_STATE.</summary>
    DeviceInterfaceState = 0x05,

    /// <summary>START_INTERFACE_RESPONSE.</summary>
    StartInterfaceResponse = 0x06,

    /// <summary>STOP_INTERFACE_RESPONSE.</summary>
    StopInterfaceResponse = 0x07,

    /// <summary>BIND_P2P_STREAM_RESPONSE.</summary>
    BindP2pStreamResponse = 0x08,

    /// <summary>UNBIND_P2P_STREAM_RESPONSE.</summary>
    UnbindP2pStreamResponse = 0x09,

    /// <summary>SET_MMIO_ATTRIBUTE_RESPONSE.</summary>
    SetMmioAttributeResponse = 0x0A,

    /// <summary>TDISP_ERROR.</summary>
    Error = 0x7F,

    /// <summary>GET_TDISP_VERSION.</summary>
    GetVersion = 0x81,

    /// <summary>GET_TDISP_CAPABILITIES.</summary>
    GetCapabilities = 0x82,

    /// <summary>LOCK_INTERFACE_REQUEST.</summary>
    LockInterface = 0x83,

    /// <summary>GET_DEVICE_INTERFACE_REPORT.</summary>
    GetDeviceInterfaceReport = 0x84,

    /// <summary>GET_DEVICE_INTERFACE_STATE.</summary>
    GetDeviceInterfaceState = 0x85,

    /// <summary>START_INTERFACE_REQUEST.</summary>
    StartInterface = 0x86,

    /// <summary>STOP_INTERFACE_REQUEST.</summary>
    StopInterface = 0x87,

    /// <summary>BIND_P2P_STREAM_REQUEST.</summary>
    BindP2pStream = 0x88,

    /// <summary>UNBIND_P2P_STREAM_REQUEST.</summary>
    UnbindP2pStream = 0x89,

    /// <summary>SET_MMIO_ATTRIBUTE_REQUEST.</summary>
    SetMmioAttribute = 0x8A,

    /// <summary>VDM_REQUEST; not supported.</summary>
    VendorDefined = 0x8B,
}

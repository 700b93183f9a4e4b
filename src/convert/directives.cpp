// SPDX-License-Identifier: MIT
#include "convert/directives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// Directives of one effect: their names with blanks between. `off`: values with which they have none, likewise; "no"
/// stands for every false boolean. Rows with such values are of directives of which the last one counts.
struct Row {
  std::string_view section;
  Effect effect;
  std::string_view off;
  std::string_view keys;
};

constexpr Row table[]{
    // What confines a server.
    {"Service", Effect::confines, "no",
     "ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateNetwork PrivateIPC PrivatePIDs PrivateUsers "
     "PrivateMounts PrivateBPF ProtectHostname ProtectClock ProtectKernelTunables ProtectKernelModules "
     "ProtectKernelLogs ProtectControlGroups NoNewPrivileges LockPersonality MemoryDenyWriteExecute RestrictRealtime "
     "RestrictSUIDSGID RestrictNamespaces RemoveIPC DynamicUser RootEphemeral"},
    {"Service", Effect::confines, "default", "ProtectProc"},
    {"Service", Effect::confines, "all", "ProcSubset"},
    {"Service", Effect::confines, "inherit", "KeyringMode"},
    {"Service", Effect::confines, "auto", "DevicePolicy"},
    {"Service", Effect::confines, "~", "CapabilityBoundingSet"},
    {"Service", Effect::confines, "shared", "MountFlags"},
    {"Service", Effect::confines, "",
     "AmbientCapabilities SecureBits SystemCallFilter SystemCallArchitectures RestrictAddressFamilies "
     "RestrictFileSystems ReadOnlyPaths ReadOnlyDirectories InaccessiblePaths InaccessibleDirectories ExecPaths "
     "NoExecPaths TemporaryFileSystem RootDirectory RootImage RootVerity RootHash RootHashSignature RootImagePolicy "
     "BindPaths BindReadOnlyPaths MountImages ExtensionImages ExtensionDirectories MountImagePolicy "
     "ExtensionImagePolicy NetworkNamespacePath IPCNamespacePath UserNamespacePath DelegateNamespaces DeviceAllow "
     "SELinuxContext AppArmorProfile SmackProcessLabel PAMName Capabilities RestrictNetworkInterfaces SocketBindAllow "
     "SocketBindDeny BPFProgram IPIngressFilterPath IPEgressFilterPath IPAddressAllow IPAddressDeny BindNetworkInterface"},
    {"Unit", Effect::confines, "", "JoinsNamespaceOf"},
    // What it may use.
    {"Service", Effect::limits, "infinity",
     "MemoryMax MemoryHigh MemorySwapMax MemoryZSwapMax StartupMemoryMax StartupMemoryHigh StartupMemorySwapMax "
     "StartupMemoryZSwapMax MemoryLimit TasksMax LimitFSIZE LimitCORE "
     "LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME"},
    {"Service", Effect::limits, "auto", "ManagedOOMSwap ManagedOOMMemoryPressure"},
    {"Service", Effect::limits, "other", "CPUSchedulingPolicy"},
    {"Service", Effect::limits, "0", "OOMScoreAdjust"},
    {"Service", Effect::limits, "",
     "CPUQuota CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUAffinity NUMAPolicy NUMAMask AllowedCPUs "
     "StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes CPUSchedulingPriority IOSchedulingClass "
     "IOSchedulingPriority IOWeight StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax "
     "IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight "
     "BlockIOReadBandwidth BlockIOWriteBandwidth Slice ManagedOOMMemoryPressureLimit "
     "ManagedOOMMemoryPressureDurationSec"},
    // Who can reach it, and when.
    {"Socket", Effect::guards, "no", "PrivateNetwork"},
    {"Socket", Effect::guards, "0755 755", "DirectoryMode"},
    {"Socket", Effect::guards, "",
     "IPTTL NetworkNamespacePath ExecStartPre ExecStartPost SmackLabel SmackLabelIPIn "
     "SmackLabelIPOut RestrictNetworkInterfaces SocketBindAllow SocketBindDeny BPFProgram IPIngressFilterPath "
     "IPEgressFilterPath NFTSet"},
    {"Service", Effect::guards, "", "NFTSet"},
    // What it finds.
    {"Service", Effect::prepares, "/", "WorkingDirectory"},
    {"Service", Effect::prepares, "",
     "LoadCredential LoadCredentialEncrypted ImportCredential SetCredential SetCredentialEncrypted OpenFile Sockets "
     "StandardInputText StandardInputData ExecSearchPath ExecStartPre ExecCondition"},
    // The rest, which protects nobody.
    {"Service", Effect::nothing, "",
     "RootImageOptions RootDirectoryStartOnly PermissionsStartOnly MountAPIVFS ReadWritePaths ReadWriteDirectories "
     "BindLogSockets SystemCallErrorNumber SystemCallLog RuntimeDirectory RuntimeDirectoryMode "
     "RuntimeDirectoryPreserve StateDirectory StateDirectoryMode StateDirectoryQuota StateDirectoryAccounting "
     "CacheDirectory CacheDirectoryMode CacheDirectoryQuota CacheDirectoryAccounting LogsDirectory LogsDirectoryMode "
     "LogsDirectoryQuota LogsDirectoryAccounting ConfigurationDirectory ConfigurationDirectoryMode TimeoutCleanSec "
     "SupplementaryGroups SetLoginEnvironment CoredumpFilter CoredumpReceive TimerSlackNSec Personality IgnoreSIGPIPE "
     "CPUSchedulingResetOnFork MemoryKSM MemoryTHP MemoryMin MemoryLow StartupMemoryLow DefaultMemoryMin "
     "DefaultMemoryLow DefaultStartupMemoryLow MemoryZSwapWriteback CPUQuotaPeriodSec CPUAccounting MemoryAccounting "
     "TasksAccounting IOAccounting BlockIOAccounting IPAccounting Delegate DelegateSubgroup DisableControllers "
     "ManagedOOMPreference MemoryPressureWatch MemoryPressureThresholdSec OOMPolicy "
     "LogLevelMax LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst LogFilterPatterns LogNamespace "
     "SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix TTYPath TTYReset TTYVHangup TTYRows TTYColumns "
     "TTYVTDisallocate UtmpIdentifier UtmpMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL FinalKillSignal "
     "WatchdogSignal ExitType RemainAfterExit GuessMainPID PIDFile BusName ExecStartPost ExecReload ExecReloadPost "
     "ExecStop ExecStopPost RestartSec RestartSteps RestartMaxDelaySec RestartMode RestartPreventExitStatus "
     "RestartForceExitStatus TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutSec TimeoutStartFailureMode "
     "TimeoutStopFailureMode WatchdogSec SuccessExitStatus NonBlocking NotifyAccess FileDescriptorStoreMax "
     "FileDescriptorStorePreserve USBFunctionDescriptors USBFunctionStrings ReloadSignal RefreshOnReload SysVStartPriority "
     "StartLimitInterval StartLimitIntervalSec StartLimitBurst"},
    {"Socket", Effect::nothing, "",
     "Writable Priority ReusePort PipeSize Transparent Broadcast "
     "PassCredentials PassPIDFD PassSecurity PassPacketInfo PassFileDescriptorsToExec AcceptFileDescriptors "
     "Timestamping TCPCongestion ExecStopPre ExecStopPost TimeoutSec RemoveOnStop Symlinks FileDescriptorName "
     "FlushPending MessageQueueMaxMessages MessageQueueMessageSize DeferTrigger DeferTriggerMaxSec XAttrEntryPoint "
     "XAttrListen XAttrAccept Slice User Group UMask Nice IPAccounting CPUAccounting MemoryAccounting TasksAccounting "
     "IOAccounting KillMode KillSignal SendSIGHUP SendSIGKILL"},
};

bool is_among(std::string_view word, std::string_view words) {
  for (const std::string_view one : base::split_words(words))
    if (one == word) return true;
  return false;
}

const Row* find_row(std::string_view section, std::string_view key) {
  const auto* const row = std::find_if(std::begin(table), std::end(table),
                                       [&](const Row& r) { return r.section == section && is_among(key, r.keys); });
  return row == std::end(table) ? nullptr : row;
}

bool is_off(const Row& row, const std::string& value) {
  for (const std::string_view one : base::split_words(row.off)) {
    const bool boolean = one == "no" && unit_boolean(value) == false;
    if (boolean || base::iequals(one, value)) return true;
  }
  return false;
}

/// An empty bounding set is the narrowest one; anywhere else an empty value takes back what stood before.
bool takes_back(const Directive& d) { return d.value.empty() && d.key != "CapabilityBoundingSet"; }

/// Those that hold in the end.
std::vector<const Directive*> in_force(const std::vector<const Directive*>& all) {
  std::vector<const Directive*> left;
  for (const Directive* d : all) {
    const Row* row = find_row(d->section, d->key);
    const bool last_counts = row && !row->off.empty();
    if (takes_back(*d) || last_counts)
      std::erase_if(left, [&](const Directive* other) { return other->section == d->section && other->key == d->key; });
    const bool off = takes_back(*d) || (row && row->effect != Effect::nothing && is_off(*row, d->value));
    if (!off) left.push_back(d);
  }
  return left;
}

std::string_view why(Effect effect) {
  switch (effect) {
    case Effect::nothing: return {};
    case Effect::confines: return "it confined the server";
    case Effect::limits: return "it limited what the server may use";
    case Effect::guards: return "it decided whether and by whom the service can be reached";
    case Effect::prepares: return "it prepared what the server may depend on";
    case Effect::unknown: return "it is unknown, and may have protected something";
  }
  return {};
}

}  // namespace

Effect effect_of(std::string_view section, std::string_view key) {
  const Row* row = find_row(section, key);
  if (row) return row->effect;
  // In a socket unit they are for its own commands, which keep an entry from being served as they are.
  if (section == "Socket" && find_row("Service", key)) return Effect::nothing;
  return section == "Socket" || section == "Service" ? Effect::unknown : Effect::nothing;
}

std::vector<std::string> report_unused(const Unit& unit, Report& report) {
  std::vector<std::string> reasons;
  for (const Directive* d : in_force(unit.unused())) {
    const std::string text = fmt::format("[{}] {}={} has no equivalent",
                                         shortened(d->section), d->key, shortened(d->value));
    const Effect effect = effect_of(d->section, d->key);
    if (effect == Effect::nothing) {
      const bool made = is_among(d->key, "RuntimeDirectory StateDirectory CacheDirectory LogsDirectory");
      report.loss(d->place, made ? text + ": something else, such as systemd-tmpfiles, has to create the directory" : text);
      continue;
    }
    report.loss(d->place, fmt::format("{}: {}, so the entry is written disabled", text, why(effect)));
    reasons.push_back(fmt::format("{}={} has no equivalent: {}", d->key, shortened(d->value), why(effect)));
  }
  return reasons;
}

}  // namespace xsuperd::convert
